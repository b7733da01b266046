/**
 * Every command, in the order of the help.
 *
 * @module
 */
import type { Command } from "./command.ts";
import { jobList } from "./job/list.ts";
import { jobShow } from "./job/show.ts";
import { traceShow } from "./trace_show.ts";

/** The commands. */
export const commands: readonly Command[] = [
  jobList,
  jobShow,
  traceShow,
];
