import { spawn } from "node:child_process";

/**
 * Runs a program none of whose files can grow beyond a megabyte: more fails as it does on a full disk.
 * Gives all that it printed.
 */
export function runWithFileLimit(command: readonly string[]): Promise<string> {
  // Ignored, or the signal that comes with the limit would end the program.
  const script = 'trap "" XFSZ; ulimit -f 2048; exec "$@"';
  const child = spawn("sh", ["-c", script, "sh", ...command], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => output += text);
  }
  return new Promise((resolve) => child.once("close", () => resolve(output)));
}
