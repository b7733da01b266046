/**
 * Measuring in a process of its own: fresh each time, so that CPU time and memory are one contender's
 * alone, and nothing is warm from before.
 *
 * @module
 */
import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { Contender, OpenOptions } from "./contender.ts";
import type { TaskAnswer, TaskName, TaskOptions } from "./tasks/every_task.ts";
import type { Request } from "./tasks/process.ts";

const program = fileURLToPath(new URL("tasks/process.ts", import.meta.url));

/** Runs a task to its end. Fails when it does. */
export async function measure<Name extends TaskName>(
  contender: Contender,
  open: OpenOptions,
  task: Name,
  options: TaskOptions<Name>,
): Promise<TaskAnswer<Name>> {
  const { module, name } = contender;
  const child = fork(program);
  let answer: TaskAnswer<Name> | undefined;
  child.on("message", (message) => answer = message as TaskAnswer<Name>);
  child.send({ module, contender: name, open, task, options } satisfies Request);
  const [exitCode, signal] = await once(child, "exit");
  if (exitCode === 0 && answer !== undefined) return answer;
  throw new Error(`${name}, ${task}: the process must end with 0: got ${exitCode ?? signal}`);
}
