/**
 * JSON text from outside, refused where a JavaScript value would not be what it says. `JSON.parse`
 * alone rounds a long integer, makes an infinity or a zero of a number out of range, and drops all but
 * the last of two values with one name.
 *
 * @module
 */
import { InputRangeError } from "./input_error.ts";

/**
 * Reads JSON text.
 *
 * @throws {SyntaxError} when it is no JSON.
 * @throws {InputRangeError} with the path, when a value of it would be changed.
 */
export function parseExactly(text: string): unknown {
  const value: unknown = JSON.parse(text);
  checkValues(text);
  return value;
}

/** Where a scan is: in the object whose names these are, or in an array. */
interface Level {
  readonly names: Set<string> | undefined;
  /** The name, or the index, of the value that is read. */
  at: string | number;
}

/** Walks over text that is JSON. */
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
      checkNumber(text.slice(at, end), levels);
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
    throw refusal(levels, "A name must come once in an object: it comes twice");
  }
  level.names!.add(name);
}

// Every integer of as many digits is exact.
const SHORT = 15;

function checkNumber(literal: string, levels: readonly Level[]): void {
  if (literal.length <= SHORT && !/[eE]/.test(literal)) return;
  const number = Number(literal);
  const sent = decimalOf(literal);
  const kept = decimalOf(String(number));
  const isFraction = sent.exponent < 0;
  // Of a fraction the last digits are rounded everywhere, but it must not become 0 or endless.
  if (
    isFraction ? (number !== 0 && Number.isFinite(number)) || sent.digits === "" : same(sent, kept)
  ) return;
  const shown = literal.length > 40 ? `${literal.slice(0, 40)}…` : literal;
  throw refusal(
    levels,
    `A number must be one that JavaScript has, such as an integer up to ${Number.MAX_SAFE_INTEGER}: ` +
      `got ${shown}, which would become ${number}; a string keeps it`,
  );
}

/** A number as its digits, without zeros at either end, and the power of ten of the last one. */
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

function refusal(levels: readonly Level[], message: string): InputRangeError {
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
