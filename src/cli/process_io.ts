/**
 * The running process as commands see it.
 *
 * @module
 */
import process from "node:process";
import { FailedError } from "./errors.ts";
import type { Io, Output } from "./io.ts";

/** The streams, the variables and the signals of this process. */
export function processIo(): Io {
  return {
    stdout: outputOf(process.stdout, "Standard output"),
    stderr: outputOf(process.stderr, "Standard error"),
    get stdin() {
      return decoded(process.stdin as AsyncIterable<Uint8Array>);
    },
    env: process.env,
    interrupted,
  };
}

/** @throws {FailedError} for what is no UTF-8; it would become other text. */
async function* decoded(chunks: AsyncIterable<Uint8Array>): AsyncIterable<string> {
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  const decode = (chunk?: Uint8Array) => {
    try {
      return decoder.decode(chunk, { stream: chunk !== undefined });
    } catch (cause) {
      throw new FailedError("Standard input must be UTF-8: got something else", { cause });
    }
  };
  for await (const chunk of chunks) yield decode(chunk);
  yield decode();
}

function outputOf(stream: NodeJS.WriteStream, name: string): Output {
  // A stream that has failed once is destroyed, and says of every later write just that.
  let failure: NodeJS.ErrnoException | undefined;
  const fail = (error: NodeJS.ErrnoException) => failure ??= error;
  stream.on("error", fail);
  return {
    isTerminal: stream.isTTY === true,
    // A pseudo-terminal that nobody has given a size has 0 columns.
    get columns() {
      return stream.columns || 80;
    },
    write: async (text) => {
      if (failure === undefined) {
        await written(stream, text).catch(fail);
      }
      if (failure !== undefined && failure.code !== "EPIPE") {
        throw new FailedError(`${name} cannot be written: ${failure.message}`, { cause: failure });
      }
    },
  };
}

function written(stream: NodeJS.WriteStream, text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    stream.write(text, (error) => error ? reject(error) : resolve());
  });
}

function interrupted(): AbortSignal {
  const controller = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.once(signal, () => controller.abort());
  }
  return controller.signal;
}
