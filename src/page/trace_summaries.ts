/**
 * The latest traces in short: the first job, how many there are, and how they stand. No store has a list
 * of traces: they are found by their jobs.
 *
 * @module
 */
import type { AllowedJobs } from "../http/allowed_jobs.ts";
import type { JobSummary } from "../job/job.ts";
import { hasEnded, type JobStatus } from "../job/status.ts";
import type { JobFilter } from "../queue/find.ts";

/** A trace in short. Of a trace with many jobs only the newest ones are read. */
export interface TraceSummary {
  /** The first of its jobs. */
  readonly root: JobSummary;
  /** How many of its jobs were read. */
  readonly jobs: number;
  /** Whether it has more jobs. */
  readonly hasMore: boolean;
  /** How many of the jobs failed. */
  readonly failed: number;
  /**
   * The status of one of its jobs: of those that have not ended one that runs, else the next to run;
   * when all have ended, of one that failed or was cancelled, if there is one.
   */
  readonly status: JobStatus;
  /** When the last of the jobs ended; `undefined` until then. */
  readonly finishedAt: Date | undefined;
}

/** A page of traces. */
export interface TracePage {
  /** The traces; the one with the newest job that matches is the first. */
  readonly traces: readonly TraceSummary[];
  /** The cursor of the next page; `undefined` on the last one. */
  readonly nextCursor: string | undefined;
}

/** Which jobs a trace must have one of. */
export type TraceFilter = Pick<JobFilter, "queueName" | "status" | "cursor">;

/** A page has so many traces, and up to a page of jobs more. */
const TRACES_ON_A_PAGE = 30;
const JOBS_ON_A_PAGE = 50;
/** To find the traces of a page. */
const MAX_JOBS_READ = 2_000;
/** Of one trace. */
const MAX_JOBS_OF_TRACE = 100;
/** Between the first job of a trace and the oldest one that was read. */
const MAX_ANCESTORS = 10;

/** A page of the latest traces. */
export async function findTraces(jobs: AllowedJobs, filter: TraceFilter): Promise<TracePage> {
  const newest = new Map<string, JobSummary>();
  let { cursor } = filter;
  let read = 0;
  do {
    const page = await jobs.find({ ...filter, cursor, limit: JOBS_ON_A_PAGE, include: [] });
    for (const job of page.jobs) if (!newest.has(job.traceId)) newest.set(job.traceId, job);
    read += JOBS_ON_A_PAGE;
    cursor = page.nextCursor;
  } while (cursor !== undefined && newest.size < TRACES_ON_A_PAGE && read < MAX_JOBS_READ);
  const traces = await Promise.all(
    [...newest.values()].map((job) => readTrace(jobs, job, filter)),
  );
  return { traces: traces.filter((one) => one !== undefined), nextCursor: cursor };
}

/** The trace of a job; `undefined` if it was on an earlier page, for a newer job that matches. */
async function readTrace(
  jobs: AllowedJobs,
  { traceId, id }: JobSummary,
  filter: TraceFilter,
): Promise<TraceSummary | undefined> {
  const page = await jobs.find({ traceId, limit: MAX_JOBS_OF_TRACE, include: [] });
  // Jobs of other traces may have run in this one.
  const own = page.jobs.filter((job) => job.traceId === traceId);
  const first = own.find((job) => isMatch(job, filter));
  if (own.length === 0 || (first !== undefined && first.id !== id)) return undefined;
  const hasMore = page.nextCursor !== undefined;
  const oldest = own.at(-1)!;
  return summaryOf(own, hasMore ? await rootAbove(oldest, jobs) : oldest, hasMore);
}

function isMatch({ queueName, status }: JobSummary, filter: TraceFilter): boolean {
  const isOne = (value: string, all: string | readonly string[] | undefined) =>
    all === undefined || [all].flat().includes(value);
  return isOne(queueName, filter.queueName) && isOne(status, filter.status);
}

async function rootAbove(job: JobSummary, jobs: AllowedJobs): Promise<JobSummary> {
  let root = job;
  for (let i = 0; i < MAX_ANCESTORS && root.parentId !== undefined; i++) {
    const { jobs: [parent] } = await jobs.find({ ids: [root.parentId], include: [] });
    if (parent?.traceId !== job.traceId) break;
    root = parent;
  }
  return root;
}

function summaryOf(
  jobs: readonly JobSummary[],
  root: JobSummary,
  hasMore: boolean,
): TraceSummary {
  const statuses = new Set(jobs.map(({ status }) => status));
  const isUnfinished = jobs.some(({ status }) => !hasEnded(status));
  const lastEnd = jobs.reduce(
    (last, { finishedAt }) => Math.max(last, finishedAt?.getTime() ?? 0),
    0,
  );
  return {
    root,
    jobs: jobs.length,
    hasMore,
    failed: jobs.filter(({ status }) => status === "failed").length,
    status: mostTelling.find((status) => statuses.has(status))!,
    finishedAt: isUnfinished ? undefined : new Date(lastEnd),
  };
}

const mostTelling: readonly JobStatus[] = [
  "running",
  "ready",
  "retrying",
  "scheduled",
  "blocked",
  "failed",
  "cancelled",
  "completed",
];
