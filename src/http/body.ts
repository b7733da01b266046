/**
 * Request bodies: no larger than allowed, however they come, and plain JSON objects.
 *
 * @module
 */
import { parseExactly } from "../job/exact_json.ts";
import { shown } from "../job/ids.ts";
import { isInputError } from "../job/input_error.ts";
import { shownWithNearest } from "../job/option_names.ts";
import { invalidInput, RequestError } from "./request_error.ts";

/** A JSON object as it was sent: nothing is known of its values. */
export type Plain = Readonly<Record<string, unknown>>;

/** A body as the JSON object that it holds. */
export function parseBody(bytes: Uint8Array): Plain {
  return plainObject(parse(bytes), "The body");
}

/** Refuses what is no JSON object. */
export function plainObject(value: unknown, what: string, path?: string): Plain {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Plain;
  const got = Array.isArray(value) ? "an array" : shown(value);
  throw invalidInput(`${what} must be a JSON object: got ${got}`, path);
}

/** Refuses every name but these and the ignored ones: a misspelled one would have no effect. */
export function checkNames(
  object: Plain,
  names: readonly string[],
  path: string,
  ignored: readonly string[] = [],
): void {
  for (const name of Object.keys(object)) {
    if (names.includes(name) || ignored.includes(name)) continue;
    const known = names.length === 0 ? "nothing" : names.join(", ");
    const got = shownWithNearest(name, names);
    throw invalidInput(`Here can be ${known}: got ${got}`, below(path, name));
  }
}

/** The path of a part. */
export function below(path: string, name: string): string {
  const part = name.length > 60 ? `${name.slice(0, 60)}…` : name;
  return path === "" ? part : `${path}.${part}`;
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
