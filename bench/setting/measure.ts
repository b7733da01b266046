/**
 * Measuring in a process of its own: fresh each time, so that nothing is warm from before.
 *
 * @module
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { TaskAnswer, TaskName, TaskOptions } from "../measured/tasks.ts";
import type { BenchRuntime } from "./runtimes.ts";

/** A task under way. It is ended with its block. */
export interface UnderWay<Name extends TaskName> extends AsyncDisposable {
  /** Waits until it says that it works. */
  readonly ready: () => Promise<void>;
  /** Tells it to come to an end. */
  readonly tell: () => void;
  /** Waits for what it measured. */
  readonly answer: () => Promise<TaskAnswer<Name>>;
}

const program = fileURLToPath(
  new URL("../../.build/bench/bench/measured/process.js", import.meta.url),
);
const longestMs = 120_000;

/** Runs a task to its end. */
export async function measure<Name extends TaskName>(
  runtime: BenchRuntime,
  name: Name,
  options: TaskOptions<Name>,
): Promise<TaskAnswer<Name>> {
  await using underWay = startMeasuring(runtime, name, options);
  return await underWay.answer();
}

/** Starts a task. */
export function startMeasuring<Name extends TaskName>(
  { title, executable, args }: BenchRuntime,
  name: Name,
  options: TaskOptions<Name>,
): UnderWay<Name> {
  const child = spawn(executable, [...args, program, name, JSON.stringify(options)], {
    stdio: ["pipe", "pipe", "inherit"],
    timeout: longestMs,
    killSignal: "SIGKILL",
  });
  const ended = once(child, "close") as Promise<[number | null, string | null]>;
  const end = ended.then(([exitCode, signal]) => {
    if (exitCode === 0) return;
    throw new Error(`${name} on ${title} must end with 0: got ${exitCode ?? signal}`);
  });
  let answer: TaskAnswer<Name> | undefined;
  const isReady = new Promise<void>((resolve) =>
    createInterface(child.stdout).on("line", (line) => {
      if (line === "ready") resolve();
      else if (line.startsWith("answer ")) answer = JSON.parse(line.slice("answer ".length));
      else console.error(line);
    })
  );
  return {
    ready: () => Promise.race([isReady, end]),
    tell: () => child.stdin.end("\n"),
    answer: async () => {
      await end;
      return answer as TaskAnswer<Name>;
    },
    [Symbol.asyncDispose]: async () => {
      child.kill("SIGKILL");
      await ended;
    },
  };
}
