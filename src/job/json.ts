/**
 * Payloads and results as JSON, both ways, refused with the path of what JSON or JavaScript would
 * change. `JSON.stringify` alone loses values in silence: a `Map` becomes `{}`, `NaN` becomes
 * `null`, a class its fields. `JSON.parse` alone rounds a long integer, makes an infinity or a zero
 * of a number out of range, and drops all but the last of two values with one name.
 *
 * @module
 */
import { InputRangeError, InputTypeError, shown } from "./checks.ts";

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
const MOST_LEVELS = 100;

/** Refuses a value that JSON would change, with the path of it. */
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
      if (depth >= MOST_LEVELS) throw notJson(path, `more than ${MOST_LEVELS} levels, or a cycle`);
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

/** The length of a text in UTF-8, in bytes. */
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

/** Parses JSON text of a store. */
export function fromJson(text: string, what: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new TypeError(`${what} must be JSON text: got ${shown(text)}`, { cause: error });
  }
}

/**
 * Parses JSON text from outside without changing a value of it.
 *
 * @throws {SyntaxError} when it is not JSON.
 * @throws {InputRangeError} with the path of a value that JavaScript would change.
 */
export function parseExactly(text: string): unknown {
  const value: unknown = JSON.parse(text);
  checkValues(text);
  return value;
}

/** A level of nesting: an object with these names, or an array. */
interface Level {
  readonly names: Set<string> | undefined;
  /** The name or the index of the current value. */
  at: string | number;
}

/** Scans valid JSON text. */
function checkValues(text: string): void {
  const levels: Level[] = [];
  let name = "";
  for (let at = 0; at < text.length;) {
    const character = text[at]!;
    const level = levels.at(-1);
    let end = at + 1;
    if (character === '"') {
      end = endOfString(text, at);
      name = text.slice(at, end);
    } else if (character === "{") levels.push({ names: new Set(), at: "" });
    else if (character === "[") levels.push({ names: undefined, at: 0 });
    else if (character === "}" || character === "]") levels.pop();
    else if (character === ":") enterName(level!, JSON.parse(name), levels);
    else if (character === "," && level?.names === undefined) level!.at = Number(level!.at) + 1;
    else if (character === "-" || isDigit(character)) {
      end = endOfNumber(text, at);
      checkNumberLiteral(text.slice(at, end), levels);
    }
    at = end;
  }
}

function endOfString(text: string, start: number): number {
  for (let at = start + 1;; at++) {
    if (text[at] === "\\") at++;
    else if (text[at] === '"') return at + 1;
  }
}

function endOfNumber(text: string, start: number): number {
  let end = start + 1;
  while (end < text.length && (isDigit(text[end]!) || "+-.eE".includes(text[end]!))) end++;
  return end;
}

function isDigit(character: string): boolean {
  return character >= "0" && character <= "9";
}

function enterName(level: Level, name: string, levels: readonly Level[]): void {
  level.at = name;
  if (level.names!.has(name)) {
    throw refusalAt(levels, "A name must be in an object once: it is there twice");
  }
  level.names!.add(name);
}

// Every integer of as many digits is exact.
const EXACT_DIGITS = 15;

function checkNumberLiteral(literal: string, levels: readonly Level[]): void {
  if (literal.length <= EXACT_DIGITS && !/[eE]/.test(literal)) return;
  const number = Number(literal);
  const sent = decimalOf(literal);
  const kept = decimalOf(String(number));
  const isFraction = sent.exponent < 0;
  // The last digits of a fraction may be rounded, but it must not become 0 or infinite.
  if (
    isFraction ? (number !== 0 && Number.isFinite(number)) || sent.digits === "" : same(sent, kept)
  ) return;
  const shown = literal.length > 40 ? `${literal.slice(0, 40)}…` : literal;
  throw refusalAt(
    levels,
    `A number must be one that JavaScript has, such as an integer up to ${Number.MAX_SAFE_INTEGER}: ` +
      `got ${shown}, which would become ${number}; a string keeps it`,
  );
}

/**
 * A number as its digits, without leading and trailing zeros, and the power of ten of the last one.
 */
interface Decimal {
  readonly digits: string;
  readonly exponent: number;
}

function decimalOf(literal: string): Decimal {
  const [, whole = "", fraction = "", power = "0"] =
    /^-?(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(literal) ?? [];
  const all = whole + fraction;
  let [start, end] = [0, all.length];
  while (all[start] === "0") start++;
  while (end > start && all[end - 1] === "0") end--;
  return {
    digits: all.slice(start, end),
    exponent: Number(power) - fraction.length + (all.length - end),
  };
}

function same(one: Decimal, other: Decimal): boolean {
  return one.digits === other.digits && (one.digits === "" || one.exponent === other.exponent);
}

function refusalAt(levels: readonly Level[], message: string): InputRangeError {
  return Object.assign(new InputRangeError(message), { path: pathOf(levels) });
}

/** `payload.orders[2].total` */
function pathOf(levels: readonly Level[]): string {
  let path = "";
  for (const { at } of levels) {
    if (typeof at === "number") path += `[${at}]`;
    else path += (path === "" ? "" : ".") + (at.length > 60 ? `${at.slice(0, 60)}…` : at);
  }
  return path.length > 200 ? `${path.slice(0, 200)}…` : path;
}
