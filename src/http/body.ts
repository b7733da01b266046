/**
 * Request bodies: no larger than allowed, however they come, and plain JSON objects.
 *
 * @module
 */
import { parseExactly } from "../job/exact_json.ts";
import { isInputError } from "../job/input_error.ts";
import { type JsonObject, jsonObject } from "./input.ts";
import { invalidInput, RequestError } from "./request_error.ts";

/** A body as the JSON object that it holds. */
export function parseBody(bytes: Uint8Array): JsonObject {
  return jsonObject(parse(bytes), "The body");
}

function parse(bytes: Uint8Array): unknown {
  try {
    return parseExactly(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (error) {
    if (isInputError(error)) throw invalidInput(error.message, error.path || undefined);
    // What the parser says differs between runtimes and quotes the body.
    throw invalidInput("The body must be JSON in UTF-8: got something else");
  }
}

/** Reads a body, however it comes, up to a size. */
export async function readBytes(request: Request, maxBytes: number): Promise<Uint8Array> {
  if (Number(request.headers.get("content-length") ?? 0) > maxBytes) throw tooLarge(maxBytes);
  const reader = request.body?.getReader();
  if (reader === undefined) return new Uint8Array();
  const chunks: Uint8Array[] = [];
  let length = 0;
  for (let next = await whole(reader); !next.done; next = await whole(reader)) {
    length += next.value.length;
    if (length > maxBytes) {
      // Not awaited: a sender that goes on sending would hold up the answer.
      reader.cancel().catch(() => {});
      throw tooLarge(maxBytes);
    }
    chunks.push(next.value);
  }
  return joined(chunks, length);
}

/** A sender that hangs up in the middle is no error of ours. */
async function whole(
  reader: ReadableStreamDefaultReader<Uint8Array>,
): Promise<ReadableStreamReadResult<Uint8Array>> {
  try {
    return await reader.read();
  } catch {
    throw invalidInput("The body must come whole: its sender stopped in the middle");
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
