/**
 * Finding jobs: which, how many at a time, and where the next page begins.
 *
 * @module
 */
import { checkCorrelationId, checkJobId, checkQueueName, readTraceId, shown } from "../job/ids.ts";
import type { Job } from "../job/job.ts";
import { checkInteger, type JobReference } from "../job/job_options.ts";
import { type JobStatus, jobStatuses } from "../job/status.ts";
import type { RecordFilter } from "../store/store.ts";

/** Which jobs to find. All that is given must hold; nothing given finds all. */
export interface JobFilter<Name extends string = string> {
  /** In this queue. */
  readonly queueName?: Name | undefined;
  /** With this status, or one of these. */
  readonly status?: JobStatus | readonly JobStatus[] | undefined;
  /** Of this trace: 32 hex digits or a UUID, in any case. */
  readonly traceId?: string | undefined;
  /** Of this business process. */
  readonly correlationId?: string | undefined;
  /** Parts of this job. */
  readonly parent?: JobReference | undefined;
  /** Added at this time or later. */
  readonly createdFrom?: Date | undefined;
  /** Added before this time. */
  readonly createdBefore?: Date | undefined;
  /** At most this many, 1 to 1,000. Default 100. */
  readonly limit?: number | undefined;
  /** Where to go on: the `nextCursor` of the page before. Jobs added since then do not shift it. */
  readonly cursor?: string | undefined;
}

/** Jobs, newest first. */
export interface JobPage<AJob = Job> {
  /** In the store's order, newest first. */
  readonly jobs: readonly AJob[];
  /** Where the next page begins; `undefined` on the last. */
  readonly nextCursor: string | undefined;
}

/** A checked filter, as a store takes it. One more job is asked for, to see whether a page follows. */
export function toRecordFilter(filter: JobFilter): RecordFilter {
  for (const name of Object.keys(filter)) {
    if (!filterNames.includes(name)) {
      throw new TypeError(`A filter has ${filterNames.join(", ")}: got ${shown(name)}`);
    }
  }
  const { queueName, status, traceId, correlationId, parent, cursor, limit = 100 } = filter;
  checkInteger("limit", limit, 1, 1_000);
  return {
    queueName: queueName === undefined ? undefined : checkQueueName(queueName),
    statuses: status === undefined ? undefined : checkStatuses([status].flat()),
    traceId: traceId === undefined ? undefined : readTraceId(traceId),
    correlationId: correlationId === undefined ? undefined : checkCorrelationId(correlationId),
    parentId: parent === undefined
      ? undefined
      : checkJobId(typeof parent === "string" ? parent : parent?.id, "parent"),
    createdFrom: time("createdFrom", filter.createdFrom),
    createdBefore: time("createdBefore", filter.createdBefore),
    before: cursor === undefined ? undefined : readCursor(cursor),
    limit: limit + 1,
  };
}

// A misspelled one would find everything.
const filterNames: readonly string[] = [
  "queueName",
  "status",
  "traceId",
  "correlationId",
  "parent",
  "createdFrom",
  "createdBefore",
  "limit",
  "cursor",
];

function checkStatuses(statuses: readonly JobStatus[]): readonly JobStatus[] {
  for (const status of statuses) {
    if (!jobStatuses.includes(status)) {
      throw new RangeError(
        `A status must be one of ${jobStatuses.join(", ")}: got ${shown(status)}`,
      );
    }
  }
  return statuses;
}

function time(name: string, date: Date | undefined): number | undefined {
  if (date === undefined) return undefined;
  if (date instanceof Date && !Number.isNaN(date.getTime())) return date.getTime();
  throw new RangeError(`${name} must be a valid Date: got ${shown(date)}`);
}

/** Whether a text is written as a `nextCursor` is. */
export function isCursor(text: unknown): text is string {
  return typeof text === "string" && /^[1-9]\d{0,14}$/.test(text);
}

function readCursor(cursor: string): number {
  if (isCursor(cursor)) return Number(cursor);
  throw new RangeError(`A cursor must be a nextCursor as find returned it: got ${shown(cursor)}`);
}
