/**
 * Payloads and results: plain JSON, refused with the path of what is not. `JSON.stringify` alone
 * would lose values in silence: a `Map` becomes `{}`, `NaN` becomes `null`, a class its fields.
 *
 * @module
 */
import { InputRangeError, InputTypeError } from "./input_error.ts";
import { shown } from "./ids.ts";

/** Writes a value as JSON text of at most `maxBytes` in UTF-8. */
export function toJson(value: unknown, what: string, maxBytes: number): string {
  checkJson(value, what);
  const text = JSON.stringify(value);
  // No code unit takes more than three bytes, so most texts need not be measured.
  const bytes = text.length * 3 <= maxBytes ? text.length : utf8Length(text);
  if (bytes > maxBytes) {
    throw new InputRangeError(`${what} must be at most ${maxBytes} bytes of JSON: got ${bytes}`);
  }
  return text;
}

// Deep enough for data, shallow enough for every JSON reader and for our own recursion. It also
// ends the walk over a value that contains itself.
const DEEPEST = 100;

/** Refuses what JSON would change, with its path. */
export function checkJson(value: unknown, path: string, depth = 0): void {
  switch (typeof value) {
    case "string":
    case "boolean":
      return;
    case "number":
      if (Number.isFinite(value)) return;
      throw notJson(path, String(value));
    case "object":
      if (value === null) return;
      if (depth >= DEEPEST) throw notJson(path, `more than ${DEEPEST} levels, or a circle`);
      if (Array.isArray(value)) return checkArray(value, path, depth);
      return checkObject(value, path, depth);
    default:
      throw notJson(path, typeof value);
  }
}

function checkArray(array: readonly unknown[], path: string, depth: number): void {
  // By index: a hole is `undefined` here, and would become null.
  for (let i = 0; i < array.length; i++) checkJson(array[i], `${path}[${i}]`, depth + 1);
}

function checkObject(object: object, path: string, depth: number): void {
  const prototype = Object.getPrototypeOf(object);
  const isPlain = prototype === null || prototype === Object.prototype ||
    Object.getPrototypeOf(prototype) === null;
  if (!isPlain) throw notJson(path, `a ${prototype.constructor?.name || "class"}`);
  if (typeof (object as { toJSON?: unknown }).toJSON === "function") {
    throw notJson(path, "an object with a toJSON method");
  }
  for (const [key, value] of Object.entries(object)) {
    // An absent key and an undefined one mean the same to the reader.
    if (value !== undefined) checkJson(value, `${path}.${key}`, depth + 1);
  }
}

function notJson(path: string, got: string): InputTypeError {
  const shownPath = path.length > 200 ? `${path.slice(0, 200)}…` : path;
  return new InputTypeError(
    `${shownPath} must be JSON (null, boolean, finite number, string, array, plain object): got ${got}`,
  );
}

/** How many bytes a text has in UTF-8. */
export function utf8Length(text: string): number {
  if (text.length > 1_000) return new TextEncoder().encode(text).length;
  let bytes = text.length;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    // The two halves of a pair make four bytes.
    if (unit > 0x7f) bytes += unit > 0x7ff && (unit < 0xd800 || unit > 0xdfff) ? 2 : 1;
  }
  return bytes;
}

/** Reads JSON text that a store kept. */
export function fromJson(text: string, what: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new TypeError(`${what} must be JSON text: got ${shown(text)}`, { cause: error });
  }
}
