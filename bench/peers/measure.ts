/**
 * Measuring in a process of its own: fresh each time, so that CPU time and memory are one contender's
 * alone, and nothing is warm from before.
 *
 * @module
 */
import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { Contender, OpenOptions, Tracing } from "./contender.ts";
import type { TaskAnswer, TaskName, TaskOptions } from "./tasks/every_task.ts";
import type { Message, Request } from "./tasks/process.ts";

// As it is compiled.
const program = fileURLToPath(new URL("tasks/process.js", import.meta.url));

/** How the process sets a contender up. */
export interface Opening extends OpenOptions {
  /** What is done with spans. Default: nothing is registered that would take them. */
  readonly tracing?: Tracing | undefined;
}

/** A task under way. */
export interface UnderWay<Name extends TaskName> {
  /** Until it says that it works. */
  readonly isReady: Promise<void>;
  /** Tells it that enough was seen. */
  readonly tell: () => void;
  /** What it measured. Rejects when it fails. */
  readonly answer: Promise<TaskAnswer<Name>>;
}

/** Runs a task to its end. */
export function measure<Name extends TaskName>(
  contender: Contender,
  how: Opening,
  task: Name,
  options: TaskOptions<Name>,
): Promise<TaskAnswer<Name>> {
  return startMeasuring(contender, how, task, options).answer;
}

/** Starts a task. */
export function startMeasuring<Name extends TaskName>(
  { module, name, nameThere = name }: Contender,
  how: Opening,
  task: Name,
  options: TaskOptions<Name>,
): UnderWay<Name> {
  const startedAt = performance.now();
  const child = fork(program);
  const isReady = Promise.withResolvers<void>();
  const answers: unknown[] = [];
  child.on("message", (message: Message) => {
    if ("isReady" in message) isReady.resolve();
    else answers.push(message.answer);
  });
  const { tracing, ...open } = how;
  child.send({ module, contender: nameThere, open, tracing, task, options } satisfies Request);
  const answer = once(child, "exit").then(([exitCode, signal]) => {
    isReady.resolve();
    const seconds = (performance.now() - startedAt) / 1_000;
    console.error(`  ${name}: ${task}, ${seconds.toFixed(1)} s`);
    if (exitCode === 0 && answers.length === 1) return answers[0] as TaskAnswer<Name>;
    throw new Error(`${name}, ${task}: the process must end with 0: got ${exitCode ?? signal}`);
  });
  return { isReady: isReady.promise, tell: () => void child.send({}), answer };
}
