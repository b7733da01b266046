/**
 * Everything that a process can be started to measure.
 *
 * @module
 */
import { drain } from "./drain.ts";
import { fill } from "./fill.ts";

/** The tasks. */
export const tasks = { drain, fill };

/** The name of a task. */
export type TaskName = keyof typeof tasks;

/** What a task is told. */
export type TaskOptions<Name extends TaskName> = Parameters<typeof tasks[Name]>[1];

/** What a task measures. */
export type TaskAnswer<Name extends TaskName> = Awaited<ReturnType<typeof tasks[Name]>>;
