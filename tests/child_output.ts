/** What a program prints that a test runs. */

import type { ChildProcess } from "node:child_process";
import { once } from "node:events";

export interface Ended {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Waits for the end and gives all that was printed to it. */
export async function endOf(child: ChildProcess): Promise<Ended> {
  let stdout = "";
  let stderr = "";
  child.stdout?.setEncoding("utf8").on("data", (text: string) => stdout += text);
  child.stderr?.setEncoding("utf8").on("data", (text: string) => stderr += text);
  const [exitCode] = await once(child, "close") as [number | null];
  return { exitCode, stdout, stderr };
}
