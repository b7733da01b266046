/**
 * Checks of what a request contains: objects, the names in them, and times.
 *
 * @module
 */
import { shown, shownWithNearest } from "../job/checks.ts";
import { invalidInput } from "./request_error.ts";

/** A JSON object of a request. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** Refuses anything but a JSON object. */
export function jsonObject(value: unknown, what: string, path?: string): JsonObject {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    return value as JsonObject;
  }
  const got = Array.isArray(value) ? "an array" : shown(value);
  throw invalidInput(`${what} must be a JSON object: got ${got}`, path);
}

/** Refuses every name but these and the ignored ones: a misspelled one would have no effect. */
export function checkNames(
  object: JsonObject,
  names: readonly string[],
  path: string,
  ignored: readonly string[] = [],
): void {
  for (const name of Object.keys(object)) {
    if (names.includes(name) || ignored.includes(name)) continue;
    const known = names.length === 0 ? "none" : names.join(", ");
    const got = shownWithNearest(name, names);
    throw invalidInput(`The properties of this object are ${known}: got ${got}`, below(path, name));
  }
}

/** The path of a property. */
export function below(path: string, name: string): string {
  const part = name.length > 60 ? `${name.slice(0, 60)}…` : name;
  return path === "" ? part : `${path}.${part}`;
}

const ISO = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d)$/;

/** Reads an ISO 8601 time. Without a time zone its meaning would depend on the server. */
export function readTime(value: unknown, name: string, path: string): Date {
  const date = typeof value === "string" && ISO.test(value) ? new Date(value) : undefined;
  if (date !== undefined && !Number.isNaN(date.getTime())) return date;
  throw invalidInput(
    `${name} must be a time such as "2030-01-31T12:00:00Z": got ${shown(value)}`,
    path,
  );
}
