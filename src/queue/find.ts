/**
 * Find: the filter that callers pass, checked, and the pages that they get.
 *
 * @module
 */
import {
  checkInteger,
  checkOptionNames,
  InputRangeError,
  type OptionNames,
  shown,
} from "../job/checks.ts";
import { checkCorrelationId, checkJobId, checkQueueName, readTraceId } from "../job/ids.ts";
import { toAttemptHistory, toFoundJob } from "../job/from_record.ts";
import type { Job, JobWith, JobWithAttempts } from "../job/job.ts";
import type { JobReference } from "../job/job_options.ts";
import { type JobPart, jobParts } from "../job/record.ts";
import { type JobStatus, jobStatuses } from "../job/status.ts";
import type { RecordFilter, RecordPage, Store } from "../store/store.ts";

/** Which jobs to find. A job must match all fields that are set; without any, all jobs match. */
export interface JobFilter<Name extends string = string, Part extends JobPart = JobPart> {
  /** Jobs with one of these ids, at most 1,000. */
  readonly ids?: readonly string[] | undefined;
  /** Jobs in this queue, or in one of these. */
  readonly queueName?: Name | readonly Name[] | undefined;
  /** Jobs with this status, or with one of these. */
  readonly status?: JobStatus | readonly JobStatus[] | undefined;
  /**
   * Jobs of this trace, or with an attempt that ran in it: 32 hex digits or a UUID, in upper or
   * lower case.
   */
  readonly traceId?: string | undefined;
  /** Jobs with this correlation id. */
  readonly correlationId?: string | undefined;
  /** Jobs with this parent. */
  readonly parent?: JobReference | undefined;
  /** Jobs that were enqueued at this time or later. */
  readonly createdFrom?: Date | undefined;
  /** Jobs that were enqueued before this time. */
  readonly createdBefore?: Date | undefined;
  /**
   * The maximum number of jobs on a page, 1 to 1,000. Default: 100. A page of large jobs has fewer:
   * it ends at about 4 MiB, but has at least one job.
   */
  readonly limit?: number | undefined;
  /**
   * The `nextCursor` of the previous page. Jobs that are enqueued in between do not shift the
   * pages.
   */
  readonly cursor?: string | undefined;
  /**
   * The parts to read of those that can be large: `payload`, `result`, and `stack` for whole
   * errors. A payload or a result that is left out is replaced by its size. Default: all.
   */
  readonly include?: readonly Part[] | undefined;
}

/** A page of jobs. */
export interface JobPage<AJob = Job> {
  /** The jobs, newest first. */
  readonly jobs: readonly AJob[];
  /** The cursor of the next page; `undefined` on the last one, and only there. */
  readonly nextCursor: string | undefined;
}

/** The size at which a page of more than one job ends, in bytes: 4 MiB. */
const mostPageBytes = 4 * 1_024 * 1_024;

/** The fields that choose jobs, without those that make pages of them. */
export const choiceNames: OptionNames<Omit<JobFilter, "limit" | "cursor" | "include">> = {
  ids: true,
  queueName: true,
  status: true,
  traceId: true,
  correlationId: true,
  parent: true,
  createdFrom: true,
  createdBefore: true,
};

const filterNames: OptionNames<JobFilter> = {
  ...choiceNames,
  limit: true,
  cursor: true,
  include: true,
};

/** Refuses an unknown field: with a misspelled one all jobs would match. */
export function checkFilterNames(filter: JobFilter): void {
  checkOptionNames("A filter", filter, filterNames);
}

/** The filter of a store for a checked filter. */
export function toRecordFilter(filter: JobFilter, defaultLimit: number = 100): RecordFilter {
  checkFilterNames(filter);
  const { queueName, status, traceId, correlationId, parent, cursor } = filter;
  return {
    // `null` must not be taken for no filter.
    ids: filter.ids === undefined ? undefined : checkIds(filter.ids),
    queueNames: queueName === undefined ? undefined : [queueName].flat().map(checkQueueName),
    statuses: status === undefined ? undefined : checkStatuses([status].flat()),
    traceId: traceId === undefined ? undefined : readTraceId(traceId),
    correlationId: correlationId === undefined ? undefined : checkCorrelationId(correlationId),
    parentId: parent === undefined
      ? undefined
      : checkJobId(typeof parent === "string" ? parent : parent?.id, "parent"),
    createdFrom: time("createdFrom", filter.createdFrom),
    createdBefore: time("createdBefore", filter.createdBefore),
    before: cursor === undefined ? undefined : positionOfCursor(cursor),
    limit: checkInteger("limit", filter.limit ?? defaultLimit, 1, 1_000),
    maxBytes: mostPageBytes,
    include: filter.include === undefined ? undefined : checkParts(filter.include),
  };
}

/** A page of records as a page of jobs. */
export function toJobPage({ jobs, hasMore }: RecordPage): JobPage<JobWith<Job, JobPart>> {
  return {
    jobs: jobs.map(toFoundJob),
    nextCursor: hasMore ? String(jobs.at(-1)!.sequence) : undefined,
  };
}

/**
 * A page of jobs with all their attempts, of up to 1,000 jobs unless the filter has a lower limit.
 */
export async function findWithAttempts<Transaction>(
  store: Store<Transaction>,
  filter: JobFilter,
): Promise<JobPage<JobWithAttempts<JobWith<Job, JobPart>>>> {
  const page = await store.find({ ...toRecordFilter(filter, 1_000), attempts: true });
  const { jobs, nextCursor } = toJobPage(page);
  const withHistory = jobs.map((job, i) => {
    const { attemptRecords = [] } = page.jobs[i]!;
    return { ...job, attemptHistory: toAttemptHistory(job, attemptRecords) };
  });
  return { jobs: withHistory, nextCursor };
}

function checkIds(ids: readonly string[]): readonly string[] {
  if (Array.isArray(ids) && ids.length <= 1_000) return ids.map((id) => checkJobId(id, "ids"));
  throw new InputRangeError(
    `ids must be a list of up to 1000 job ids: got ${Array.isArray(ids) ? ids.length : shown(ids)}`,
  );
}

function checkParts(parts: readonly JobPart[]): readonly JobPart[] {
  const wrong = Array.isArray(parts) ? parts.find((part) => !jobParts.includes(part)) : parts;
  if (wrong === undefined) return parts;
  throw new InputRangeError(
    `include must be a list of ${jobParts.join(", ")}: got ${shown(wrong)}`,
  );
}

function checkStatuses(statuses: readonly JobStatus[]): readonly JobStatus[] {
  for (const status of statuses) {
    if (!jobStatuses.includes(status)) {
      throw new InputRangeError(
        `A status must be one of ${jobStatuses.join(", ")}: got ${shown(status)}`,
      );
    }
  }
  return statuses;
}

function time(name: string, date: Date | undefined): number | undefined {
  if (date === undefined) return undefined;
  if (date instanceof Date && !Number.isNaN(date.getTime())) return date.getTime();
  throw new InputRangeError(`${name} must be a valid Date: got ${shown(date)}`);
}

/** Whether a text has the form of a `nextCursor`. */
export function isCursor(text: unknown): text is string {
  return typeof text === "string" && /^[1-9]\d{0,14}$/.test(text);
}

function positionOfCursor(cursor: string): number {
  if (isCursor(cursor)) return Number(cursor);
  throw new InputRangeError(
    `A cursor must be a nextCursor as find returned it: got ${shown(cursor)}`,
  );
}
