/** The lines of a file or of standard input, numbered as an editor does. */
import { open } from "node:fs/promises";
import process from "node:process";
import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";

export interface OrderLines {
  /** What to call it in a sentence. */
  readonly name: string;
  /** Reads on as it is asked; ends early when the signal aborts. Blank lines are left out. */
  read(signal: AbortSignal): AsyncIterable<OrderLine>;
}

export interface OrderLine {
  readonly number: number;
  readonly text: string;
}

/** Opens a path, standard input for `-`, or the sample that ships. */
export async function openOrderLines(path: string | undefined): Promise<OrderLines> {
  if (path === "-") return linesOf("standard input", process.stdin);
  if (path === undefined) {
    const sample = fileURLToPath(new URL("../orders.ndjson", import.meta.url));
    return linesOf("the sample file", await openFile(sample));
  }
  return linesOf(path, await openFile(path));
}

async function openFile(path: string): Promise<Readable> {
  const file = await open(path).catch((error) => {
    throw new Error(`${path} cannot be read: ${reasonOf(error)}`);
  });
  if ((await file.stat()).isDirectory()) {
    await file.close();
    throw new Error(`${path} cannot be read: it is a folder`);
  }
  return file.createReadStream();
}

function reasonOf(error: { readonly code?: string; readonly message: string }): string {
  if (error.code === "ENOENT") return "there is no such file";
  if (error.code === "EACCES") return "permission is denied";
  return error.message;
}

function linesOf(name: string, stream: Readable): OrderLines {
  return {
    name,
    async *read(signal) {
      // Standard input may never end by itself.
      const stop = () => stream.destroy();
      if (signal.aborted) stop();
      else signal.addEventListener("abort", stop, { once: true });
      let number = 0;
      try {
        for await (const line of splitLines(stream)) {
          number++;
          const text = line.trim();
          if (text !== "") yield { number, text };
        }
      } catch (error) {
        if (!signal.aborted) throw error;
      }
    },
  };
}

async function* splitLines(stream: Readable): AsyncGenerator<string> {
  // A decoder of its own: a chunk can end within a character. It also drops a byte order mark.
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of stream) {
    const lines = (rest + decoder.decode(chunk as Uint8Array, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    yield* lines;
  }
  yield rest + decoder.decode();
}
