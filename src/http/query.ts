/**
 * Reads what a query asks for. The library checks its values; what it refuses gets the parameter's name.
 *
 * @module
 */
import { checkJobId } from "../job/ids.ts";
import { checkInteger, shown, shownWithNearest } from "../job/checks.ts";
import { readStatsOptions, type StatsOptions } from "../queue/stats.ts";
import { type JobFilter, toRecordFilter } from "../queue/find.ts";
import { checkedAt, invalidInput } from "./request_error.ts";
import { readTime } from "./input.ts";

/** The parameters of a query and the filter's properties that they set. */
const filterNames = {
  id: "ids",
  queueName: "queueName",
  status: "status",
  traceId: "traceId",
  correlationId: "correlationId",
  parentId: "parent",
  createdFrom: "createdFrom",
  createdBefore: "createdBefore",
  limit: "limit",
  cursor: "cursor",
  include: "include",
} as const;

type ParameterName = keyof typeof filterNames;

/** Reads a filter. Payloads, results and stacks are left out unless `include` has them. */
export function readFilter(
  query: URLSearchParams,
  maxPageSize: number,
): JobFilter {
  const filter: Record<string, unknown> = { limit: Math.min(100, maxPageSize), include: [] };
  for (const name of Object.keys(filterNames) as ParameterName[]) {
    const values = query.getAll(name);
    if (values.length === 0) continue;
    const one = { [filterNames[name]]: readValue(name, values, maxPageSize) };
    checkedAt(name, () => toRecordFilter(one));
    Object.assign(filter, one);
  }
  return filter;
}

/** Reads whether to count the jobs that ended lately, and since when. */
export function readStatsQuery(query: URLSearchParams): StatsOptions {
  const name = "endedWithinMs";
  const values = query.getAll(name);
  if (values.length === 0) return {};
  const text = onlyOne(name, values);
  // A text that is no number is refused as it was sent.
  const one = { [name]: /^\d{1,15}$/.test(text) ? Number(text) : text } as StatsOptions;
  checkedAt(name, () => readStatsOptions(one));
  return one;
}

/** Reads the query of `getHealth`: `Infinity` where nothing is asked. */
export function readMaxOldestReadyMs(query: URLSearchParams): number {
  const name = "maxOldestReadyMs";
  const values = query.getAll(name);
  if (values.length === 0) return Infinity;
  const text = onlyOne(name, values);
  const value = /^\d{1,15}$/.test(text) ? Number(text) : text;
  return checkedAt(name, () => checkInteger(name, value, 0, Number.MAX_SAFE_INTEGER));
}

/** Refuses other names: a misspelled one would match all jobs. */
export function checkQuery(query: URLSearchParams, names: readonly string[]): void {
  for (const name of query.keys()) {
    if (names.includes(name)) continue;
    const known = names.length === 0 ? "none" : names.join(", ");
    const got = shownWithNearest(name, names);
    throw invalidInput(`The parameters of this query are ${known}: got ${got}`, name.slice(0, 60));
  }
}

function readValue(name: ParameterName, values: readonly string[], maxPageSize: number): unknown {
  if (name === "id" || name === "status" || name === "queueName") return values;
  if (name === "include") return values.flatMap((value) => value.split(","));
  const value = onlyOne(name, values);
  if (name === "createdFrom" || name === "createdBefore") return readTime(value, name, name);
  if (name === "parentId") return checkedAt(name, () => checkJobId(value, name));
  if (name === "limit") return readLimit(value, maxPageSize);
  return value;
}

function onlyOne(name: string, [value, ...more]: readonly string[]): string {
  if (more.length > 0) {
    throw invalidInput(`${name} must be given once: got it ${more.length + 1} times`, name);
  }
  return value!;
}

function readLimit(text: string, most: number): number {
  const limit = /^\d{1,9}$/.test(text) ? Number(text) : 0;
  if (limit >= 1 && limit <= most) return limit;
  throw invalidInput(
    `limit must be a whole number from 1 to ${most}: got ${shown(text)}`,
    "limit",
  );
}
