/**
 * Request bodies: limited in size, and JSON objects.
 *
 * @module
 */
import { parseExactly } from "../job/json.ts";
import { isInputError } from "../job/checks.ts";
import { type JsonObject, jsonObject } from "./input.ts";
import { invalidInput, RequestError } from "./request_error.ts";

/** The JSON object in a body. */
export function parseBody(bytes: Uint8Array): JsonObject {
  return jsonObject(parse(bytes), "The body");
}

function parse(bytes: Uint8Array): unknown {
  try {
    return parseExactly(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (error) {
    if (isInputError(error)) throw invalidInput(error.message, error.path || undefined);
    // The messages of parsers differ between runtimes and quote the body.
    throw invalidInput("The body must be JSON in UTF-8: it cannot be parsed");
  }
}

/** Reads a body up to a size, with or without a `content-length`. */
export async function readBytes(request: Request, maxBytes: number): Promise<Uint8Array> {
  if (Number(request.headers.get("content-length") ?? 0) > maxBytes) throw tooLarge(maxBytes);
  const reader = request.body?.getReader();
  if (reader === undefined) return new Uint8Array();
  const chunks: Uint8Array[] = [];
  let length = 0;
  for (let next = await nextChunk(reader); !next.done; next = await nextChunk(reader)) {
    length += next.value.length;
    if (length > maxBytes) {
      // Not awaited: a client that keeps sending would delay the response.
      reader.cancel().catch(() => {});
      throw tooLarge(maxBytes);
    }
    chunks.push(next.value);
  }
  return joined(chunks, length);
}

/** A client that disconnects is no error of the server. */
async function nextChunk(
  reader: ReadableStreamDefaultReader<Uint8Array>,
): Promise<ReadableStreamReadResult<Uint8Array>> {
  try {
    return await reader.read();
  } catch {
    throw invalidInput("The body must be complete: the connection ended before its end");
  }
}

function joined(chunks: readonly Uint8Array[], length: number): Uint8Array {
  if (chunks.length === 1) return chunks[0]!;
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}

function tooLarge(maxBytes: number): RequestError {
  return new RequestError("too_large", `A body must be at most ${maxBytes} bytes: got more`);
}
