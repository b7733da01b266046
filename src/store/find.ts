/**
 * Which jobs match a filter, and how many are on a page. Every store uses it, or follows it.
 *
 * @module
 */
import { utf8Length } from "../job/json.ts";
import {
  type AttemptRecord,
  type JobPart,
  jobParts,
  type JobRecord,
  longestSummary,
  type PartSizes,
  recordWith,
  summaryOf,
} from "../job/record.ts";
import type { ChangeFilter, RecordFilter, RecordPage } from "./store.ts";

/** A job that may match a filter. */
export interface Candidate extends PartSizes {
  /** The job. */
  readonly record: JobRecord;
  /** The traces, other than its own, that attempts of it ran in. */
  readonly ranIn?: ReadonlySet<string> | undefined;
  /** Its attempts that have ended and did not complete it, oldest first. */
  readonly history?: readonly AttemptRecord[] | undefined;
}

/** The page of those jobs that match a filter, as copies. The jobs are passed newest first. */
export function findAmong(newestFirst: Iterable<Candidate>, filter: RecordFilter): RecordPage {
  const { limit, maxBytes, include = jobParts, attempts = false } = filter;
  const found: Candidate[] = [];
  for (const candidate of newestFirst) {
    if (fits(candidate, filter)) found.push(candidate);
    if (found.length > limit) break;
  }
  const sizes = found.map((one) => bytesOf(one, include, attempts));
  const count = countWithin(sizes, limit, maxBytes);
  const jobs = found.slice(0, count).map((one) => ({
    ...recordWith(copyOf(one.record), include, one),
    ...attempts && { attemptRecords: attemptsOf(one, include) },
  }));
  return { jobs, hasMore: count < found.length };
}

/** Whether a job matches the filter of a change. */
export function isToChange(record: JobRecord, filter: ChangeFilter): boolean {
  const { after = 0, asOf = Infinity } = filter;
  return fits({ record }, filter) && record.sequence > after && !(record.finishedAt! > asOf);
}

function fits({ record, ranIn }: Candidate, filter: Omit<RecordFilter, "limit">): boolean {
  const { ids, queueNames, statuses, traceId, correlationId, parentId } = filter;
  return (ids === undefined || ids.includes(record.id)) &&
    (queueNames === undefined || queueNames.includes(record.queueName)) &&
    (statuses === undefined || statuses.includes(record.status)) &&
    (traceId === undefined || record.traceId === traceId || ranIn?.has(traceId) === true) &&
    (correlationId === undefined || record.correlationId === correlationId) &&
    (parentId === undefined || record.parentId === parentId) &&
    record.createdAt >= (filter.createdFrom ?? -Infinity) &&
    record.createdAt < (filter.createdBefore ?? Infinity) &&
    record.sequence < (filter.before ?? Infinity);
}

function attemptsOf({ history = [] }: Candidate, include: readonly JobPart[]): AttemptRecord[] {
  const isWhole = include.includes("stack");
  return history.map((one) =>
    isWhole ? copyOfAttempt(one) : { ...one, error: one.error && summaryOf(one.error) }
  );
}

/** About how many bytes of a job are read with these parts. */
function bytesOf(
  { record, payloadBytes, resultBytes, history = [] }: Candidate,
  include: readonly JobPart[],
  attempts: boolean,
): number {
  const { payload, result = "", error, dependsOn, baggage = "" } = record;
  const { message = "", stack = "" } = error ?? {};
  const has = (part: JobPart) => include.includes(part);
  return summaryBytes + dependencyBytes * dependsOn.length + baggage.length +
    (has("payload") ? payloadBytes ?? utf8Length(payload) : 0) +
    (has("result") ? resultBytes ?? utf8Length(result) : 0) +
    (has("stack") ? message.length + stack.length : 0) +
    (attempts ? history.reduce((sum, one) => sum + bytesOfAttempt(one, include), 0) : 0);
}

/** A copy of a record, so that what a caller does to it changes nothing in the store. */
export function copyOf(record: JobRecord): JobRecord {
  const { dependsOn, error } = record;
  return { ...record, dependsOn: [...dependsOn], error: error && { ...error } };
}

/** The same of an attempt. */
export function copyOfAttempt(attempt: AttemptRecord): AttemptRecord {
  return { ...attempt, error: attempt.error && { ...attempt.error } };
}

/** All of a job but what is counted by itself: payload, result, stacks, baggage, dependencies. */
export const summaryBytes = 1_000;

/** An id in `dependsOn`, as JSON has it. */
export const dependencyBytes = 40;

/** All of an attempt but its error. */
export const attemptBytes = 300;

/** About how many bytes of an attempt are read, with its error whole or short. */
export function bytesOfAttempt({ error }: AttemptRecord, include: readonly JobPart[]): number {
  const { message = "", stack = "" } = error ?? {};
  return attemptBytes +
    (include.includes("stack")
      ? message.length + stack.length
      : Math.min(message.length, longestSummary));
}

/** How many jobs of these sizes a page has: at least one, if there are any. */
export function countWithin(
  sizes: readonly number[],
  limit: number,
  maxBytes: number = Infinity,
): number {
  const most = Math.min(limit, sizes.length);
  let bytes = 0;
  for (let i = 0; i < most; i++) {
    bytes += sizes[i]!;
    if (bytes > maxBytes && i > 0) return i;
  }
  return most;
}
