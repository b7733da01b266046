/**
 * What a command may use of the process, as one argument: commands touch no global state.
 *
 * @module
 */
import { constants } from "node:os";
import process from "node:process";
import { FailedError } from "./errors.ts";

/** Where text goes. */
export interface Output {
  /** Whether it is a terminal. */
  readonly isTerminal: boolean;
  /** The width of the terminal; 80 if it is none. */
  readonly columns: number;
  /** The height of the terminal; 24 if it is none. */
  readonly rows: number;
  /**
   * Resolves when the text was written. A reader that stopped reading, as `head` does, is no error.
   *
   * @throws {FailedError} when it cannot be written, for example to a full disk.
   */
  write(text: string): Promise<void>;
}

/** What a command may use of the process. */
export interface Io {
  readonly stdout: Output;
  readonly stderr: Output;
  /** Standard input, in chunks of text. */
  readonly stdin: AsyncIterable<string>;
  /** Whether a person can be asked: a question on standard error is answered on standard input. */
  readonly isInteractive: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
  /**
   * After this call, Ctrl-C and SIGTERM abort the signal instead of ending the process. A second one,
   * more than a second later, ends it.
   */
  interrupted(): AbortSignal;
}

/** The name of the user, as far as the environment says it. */
export function userName({ USER, LOGNAME, USERNAME }: Io["env"]): string | undefined {
  return (USER || LOGNAME || USERNAME || undefined)?.slice(0, 200);
}

/** The streams, the variables and the signals of this process. */
export function processIo(): Io {
  return {
    stdout: outputOf(process.stdout, "Standard output"),
    stderr: outputOf(process.stderr, "Standard error"),
    get stdin() {
      return decoded(process.stdin as AsyncIterable<Uint8Array>);
    },
    get isInteractive() {
      return process.stdin.isTTY === true && process.stderr.isTTY === true;
    },
    env: process.env,
    interrupted,
  };
}

/** @throws {FailedError} for input that is not UTF-8: decoding would change it. */
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
  // After the first failure a stream is destroyed, and later writes only report that.
  let failure: NodeJS.ErrnoException | undefined;
  const fail = (error: NodeJS.ErrnoException) => failure ??= error;
  stream.on("error", fail);
  return {
    isTerminal: stream.isTTY === true,
    // A pseudo-terminal whose size was never set has 0 columns and rows.
    get columns() {
      return stream.columns || 80;
    },
    get rows() {
      return stream.rows || 24;
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

// npx and hammerwork demo repeat a signal of the terminal, so a second one is one that comes later.
const SECOND_SIGNAL_AFTER_MS = 1_000;

function interrupted(): AbortSignal {
  const controller = new AbortController();
  let firstAt: number | undefined;
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.on(signal, () => {
      firstAt ??= performance.now();
      if (performance.now() - firstAt > SECOND_SIGNAL_AFTER_MS) {
        process.exit(128 + constants.signals[signal]);
      }
      controller.abort();
    });
  }
  return controller.signal;
}
