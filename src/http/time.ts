/**
 * Times in requests: ISO 8601 with a time zone, as `Date` writes them.
 *
 * @module
 */
import { shown } from "../job/ids.ts";
import { invalidInput } from "./request_error.ts";

const ISO = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d)$/;

/** Reads a time. Without a zone it would mean another one on every server. */
export function readTime(value: unknown, name: string, path: string): Date {
  const date = typeof value === "string" && ISO.test(value) ? new Date(value) : undefined;
  if (date !== undefined && !Number.isNaN(date.getTime())) return date;
  throw invalidInput(
    `${name} must be a time such as "2030-01-31T12:00:00Z": got ${shown(value)}`,
    path,
  );
}
