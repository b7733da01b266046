/**
 * From a router's JSON to the values that a queue would give: times are dates again.
 *
 * @module
 */
import type { FailedAttempt, Job } from "../job/job.ts";
import type { JobChange } from "../queue/job_change.ts";
import type { JobNode, JobRun, JobTree } from "../queue/job_tree.ts";

type Json<T> = { readonly [Key in keyof T]: unknown };

/** A job, with its attempts where they came along. */
export function jobFrom<AJob extends Job>(body: unknown): AJob {
  const job = body as Json<Job> & { readonly failedAttempts?: readonly unknown[] };
  return {
    ...job,
    createdAt: date(job.createdAt),
    runAt: date(job.runAt),
    startedAt: optionalDate(job.startedAt),
    finishedAt: optionalDate(job.finishedAt),
    ...(job.failedAttempts &&
      { failedAttempts: job.failedAttempts.map(spanOfTime<FailedAttempt>) }),
  } as unknown as AJob;
}

/** What became of a job that was cancelled or retried. */
export function changeFrom(body: unknown): JobChange {
  const { job, ...change } = body as JobChange;
  return { ...change, job: jobFrom(job), reason: undefined };
}

/** A tree of jobs. */
export function treeFrom<AJob extends Job>(body: unknown): JobTree<AJob> {
  const { roots, jobs, startedAt, finishedAt, nextCursor } = body as
    & Json<JobTree>
    & { readonly roots: readonly unknown[] };
  return {
    roots: roots.map(nodeFrom<AJob>),
    jobs: jobs as number,
    startedAt: optionalDate(startedAt),
    finishedAt: optionalDate(finishedAt),
    nextCursor: nextCursor as string | undefined,
  };
}

function nodeFrom<AJob extends Job>(body: unknown): JobNode<AJob> {
  const { job, runs, children } = body as {
    readonly job: unknown;
    readonly runs: readonly unknown[];
    readonly children: readonly unknown[];
  };
  return {
    job: jobFrom(job),
    runs: runs.map(spanOfTime<JobRun>),
    children: children.map(nodeFrom<AJob>),
  };
}

function spanOfTime<T>(body: unknown): T {
  const { startedAt, finishedAt, ...rest } = body as Record<string, unknown>;
  return { ...rest, startedAt: date(startedAt), finishedAt: optionalDate(finishedAt) } as T;
}

function date(value: unknown): Date {
  return new Date(value as string);
}

function optionalDate(value: unknown): Date | undefined {
  return value === undefined || value === null ? undefined : date(value);
}
