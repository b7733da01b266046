/**
 * The stored error of anything that was thrown. Reading it never throws, and its size is limited.
 *
 * @module
 */
import type { JobError } from "./record.ts";

// An error message may quote a whole response.
const LONGEST_TEXT = 8_000;
// Of an error with others behind it, so that these have room.
const LONGEST_FIRST_STACK = 4_000;
const LONGEST_OTHER_STACK = 2_000;
// Of the errors behind one error.
const MOST_ERRORS = 20;
const DEEPEST = 8;
// Of an object that is no error.
const MOST_PROPERTIES = 10;
const LONGEST_PROPERTY = 100;

/**
 * The stored error of anything that was thrown, also of a value that is not an error. After the
 * stack follow its `cause` and the `errors` of an `AggregateError`, each with its own stack.
 */
export function toJobError(thrown: unknown): JobError {
  const { name, message, stack } = descriptionOf(thrown);
  const behind = errorsBehind(thrown);
  const error = { name: storable(name), message: storable(message) };
  if (behind === "") return stack === undefined ? error : { ...error, stack: storable(stack) };
  const first = startOf(stack ?? `${name}: ${message}`, LONGEST_FIRST_STACK);
  return { ...error, stack: storable(`${first}\n${behind}`) };
}

/** The name of the class of anything that was thrown. */
export function nameOfThrown(thrown: unknown): string {
  return storable(descriptionOf(thrown).name);
}

/**
 * A text that every store accepts: shortened, without characters that a database text cannot hold.
 */
export function storable(text: string): string {
  // No database text can hold a NUL or half a surrogate pair.
  // deno-lint-ignore no-control-regex
  return startOf(text, LONGEST_TEXT).replace(/\u0000|\p{Surrogate}/gu, "\ufffd");
}

interface Description {
  readonly name: string;
  readonly message: string;
  readonly stack: string | undefined;
}

function descriptionOf(thrown: unknown): Description {
  try {
    if (!isLikeAnError(thrown)) {
      const article = /^[aeiou]/.test(typeof thrown) ? "An" : "A";
      const message = `${article} ${typeof thrown} was thrown: ${textOf(thrown)}`;
      return { name: "NonError", message, stack: undefined };
    }
    const { name, message } = thrown;
    // The prototype of an object that is not an Error says nothing about it.
    const isNamed = thrown instanceof Error || (typeof name === "string" && name !== "");
    const stack = property(thrown, "stack");
    return {
      name: isNamed ? String(name) : "NonError",
      message: startOf(String(message), LONGEST_TEXT),
      stack: typeof stack === "string" ? stack : undefined,
    };
  } catch {
    return {
      name: "NonError",
      message: "A value was thrown that cannot be read",
      stack: undefined,
    };
  }
}

/**
 * Libraries throw plain objects with a message, and errors of another realm are no instances here.
 */
function isLikeAnError(thrown: unknown): thrown is Error {
  if (thrown instanceof Error) return true;
  return typeof thrown === "object" && thrown !== null &&
    typeof (thrown as { message?: unknown }).message === "string";
}

/** An object as its `toString` writes it, or by its first properties if that says nothing. */
function textOf(value: unknown): string {
  if (typeof value !== "object" || value === null) return String(value);
  const isBare = Object.getPrototypeOf(value) === null;
  const text = isBare ? "[object Object]" : String(value);
  const keys = Object.keys(value);
  if (!text.startsWith("[object ") || keys.length === 0) return text;
  const shown = keys.slice(0, MOST_PROPERTIES).map((key) =>
    `${startOf(key, LONGEST_PROPERTY)}: ${propertyText(property(value, key))}`
  );
  return `{ ${[...shown, ...(keys.length > shown.length ? ["…"] : [])].join(", ")} }`;
}

function propertyText(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(startOf(value, LONGEST_PROPERTY));
  if (typeof value !== "object" || value === null) return startOf(String(value), LONGEST_PROPERTY);
  return Array.isArray(value) ? "[…]" : "{…}";
}

/** The causes and inner errors of an error as text; empty if it has none. */
function errorsBehind(thrown: unknown): string {
  const parts: string[] = [];
  const seen = new Set<unknown>([thrown]);
  let left = LONGEST_TEXT;
  const add = (error: unknown, depth: number, indent: string): void => {
    for (const [relation, one, more] of relationsOf(error)) {
      if (parts.length >= MOST_ERRORS || left <= 0) return;
      const isKnown = typeof one === "object" && seen.has(one);
      const what = isKnown ? "an error that is shown above" : stackOf(one);
      const text = `${indent}${relation}: ${what.replaceAll("\n", `\n${indent}`)}`;
      parts.push(text);
      left -= text.length;
      if (isKnown) continue;
      seen.add(one);
      if (depth < DEEPEST) add(one, depth + 1, indent + more);
    }
  };
  add(thrown, 1, "");
  return parts.join("\n");
}

type Related = readonly [relation: string, error: unknown, indent: string];

/** The errors that an error refers to, with the relation. A chain of causes is not indented. */
function relationsOf(error: unknown): readonly Related[] {
  if (typeof error !== "object" || error === null) return [];
  const related: Related[] = [];
  const errors = property(error, "errors");
  const count = isList(errors) ? Number(property(errors, "length")) : 0;
  for (let i = 0; i < Math.min(count, MOST_ERRORS); i++) {
    related.push([`Error ${i + 1} of ${count}`, property(errors as object, i), "    "]);
  }
  const suppressed = property(error, "suppressed");
  if (suppressed !== undefined) {
    // What `using` throws when the disposal fails too.
    related.push(["At the disposal", property(error, "error"), ""], ["Suppressed", suppressed, ""]);
  }
  related.push(["Caused by", property(error, "cause"), ""]);
  return related.filter(([, one]) => one !== undefined && one !== null);
}

function isList(value: unknown): value is object {
  try {
    return Array.isArray(value);
  } catch {
    // A revoked proxy.
    return false;
  }
}

/** An inner error with its stack. */
function stackOf(error: unknown): string {
  try {
    if (!isLikeAnError(error)) return startOf(textOf(error), LONGEST_OTHER_STACK);
  } catch {
    return "a value that cannot be read";
  }
  const { name, message, stack = "" } = descriptionOf(error);
  // Not every engine repeats in the stack what was said.
  const isSaid = stack !== "" && stack.includes(message);
  return startOf(isSaid ? stack : `${name}: ${message}\n${stack}`.trimEnd(), LONGEST_OTHER_STACK);
}

/** A property, `undefined` where it cannot be read. */
function property(of: object, key: string | number): unknown {
  try {
    return (of as Record<string | number, unknown>)[key];
  } catch {
    return undefined;
  }
}

function startOf(text: string, length: number): string {
  return text.length > length ? `${text.slice(0, length)}…` : text;
}
