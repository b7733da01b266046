/**
 * Asking a forked process, one question at a time.
 *
 * @module
 */
import type { ChildProcess } from "node:child_process";

/** The next message of a process. Rejects when it ends instead. */
export function answerOf<T>(child: ChildProcess): Promise<T> {
  return new Promise((resolve, reject) => {
    const fail = () =>
      reject(new Error("A process that is measured was expected to stay: it ended"));
    child.once("exit", fail);
    child.once("message", (answer) => {
      child.off("exit", fail);
      resolve(answer as T);
    });
  });
}
