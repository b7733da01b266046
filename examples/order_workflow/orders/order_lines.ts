/** The lines of a file or of standard input, numbered from 1. */
import { Buffer } from "node:buffer";
import { open } from "node:fs/promises";
import process from "node:process";
import { Readable } from "node:stream";
import { sampleOrders } from "./sample.ts";

export interface OrderLines {
  /** Its name in a sentence. */
  readonly name: string;
  /** The lines that are not blank. It ends early if the signal aborts. */
  read(signal: AbortSignal): AsyncIterable<OrderLine>;
}

export interface OrderLine {
  readonly number: number;
  readonly text: string;
}

/** Opens a path, standard input for `-`, or the sample orders. */
export async function openOrderLines(path: string | undefined): Promise<OrderLines> {
  if (path === "-") return linesOf("standard input", process.stdin);
  if (path === undefined) return linesOf("the sample", Readable.from([Buffer.from(sampleOrders)]));
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
      // Standard input may never end.
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
  // One decoder for all chunks, since a chunk can end within a character.
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of stream) {
    const lines = (rest + decoder.decode(chunk as Uint8Array, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    yield* lines;
  }
  yield rest + decoder.decode();
}
