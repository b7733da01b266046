/**
 * The processes that are measured, one for each variant. Only one of them works at a time.
 *
 * @module
 */
import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { answerOf } from "../child_answer.ts";
import type { Task } from "./subject.ts";
import type { Measured, Variant } from "./variant.ts";

/** A process in which one variant waits to be measured. */
export interface Subject {
  readonly variant: Variant;
  /** Does a task and tells what it cost. */
  measure(task: Task): Promise<Measured>;
  /** Ends the process. */
  stop(): Promise<void>;
}

/** Starts a process. `slower` is CPU time to waste on each span, in microseconds. */
export async function startSubject(
  variant: Variant,
  endpoint: string,
  slower: number,
): Promise<Subject> {
  const hook = new URL("without_tracing/hook.ts", import.meta.url).href;
  const program = fileURLToPath(new URL("subject.ts", import.meta.url));
  const child = fork(program, [variant, endpoint, String(slower)], {
    execArgv: ["--import", hook],
  });
  const measure = (task: Task): Promise<Measured> => {
    const answer = answerOf<Measured>(child);
    child.send(task);
    return answer;
  };
  await answerOf(child);
  return { variant, measure, stop: () => stop(child) };
}

async function stop(child: ChildProcess): Promise<void> {
  const ended = new Promise((resolve) => child.once("exit", resolve));
  child.kill();
  await ended;
}
