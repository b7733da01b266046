/**
 * The running process as commands see it.
 *
 * @module
 */
import process from "node:process";
import type { Io, Output } from "./io.ts";

/** The streams, the variables and the signals of this process. */
export function processIo(): Io {
  return {
    stdout: outputOf(process.stdout),
    stderr: outputOf(process.stderr),
    get stdin() {
      return process.stdin.setEncoding("utf8") as AsyncIterable<string>;
    },
    env: process.env,
    interrupted,
  };
}

function outputOf(stream: NodeJS.WriteStream): Output {
  let isClosed = false;
  stream.on("error", () => isClosed = true);
  return {
    isTerminal: stream.isTTY === true,
    // A pseudo-terminal that nobody has given a size has 0 columns.
    get columns() {
      return stream.columns || 80;
    },
    write: (text) =>
      new Promise((resolve) => {
        if (isClosed) resolve();
        else stream.write(text, () => resolve());
      }),
  };
}

function interrupted(): AbortSignal {
  const controller = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.once(signal, () => controller.abort());
  }
  return controller.signal;
}
