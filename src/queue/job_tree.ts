/**
 * Jobs as a tree: each with its attempts in order, below the job that it is a part of.
 *
 * @module
 */
import { hasEnded } from "../job/status.ts";
import type { AttemptOutcome, JobError } from "../job/record.ts";
import type { Attempted, FailedAttempt, JobSummary } from "../job/job.ts";
import type { JobPage } from "./lookup.ts";

/** One attempt of a job, whatever became of it. */
export interface JobRun {
  /** Counted from 1. */
  readonly attempt: number;
  /** How it ended, or that it runs. */
  readonly outcome: AttemptOutcome | "completed" | "running";
  /** When it began. */
  readonly startedAt: Date;
  /** When it was recorded; `undefined` while it runs. */
  readonly finishedAt: Date | undefined;
  /** What went wrong, if anything did. */
  readonly error: JobError | undefined;
  /** The W3C `traceparent` of its span, if it had one. */
  readonly traceparent: string | undefined;
}

/** A job in a tree. */
export interface JobNode<AJob = JobSummary> {
  /** The job. */
  readonly job: AJob & Attempted;
  /** Its attempts in order, the one that completed it or runs among them. */
  readonly runs: readonly JobRun[];
  /** The jobs that are parts of it, in the order in which they were added. */
  readonly children: readonly JobNode<AJob>[];
}

/** Jobs below the jobs that they are parts of. */
export interface JobTree<AJob = JobSummary> {
  /** Those that are parts of no other here, in the order in which they were added. */
  readonly roots: readonly JobNode<AJob>[];
  /** How many jobs it holds. */
  readonly jobs: number;
  /** When the first of them was added; `undefined` when there is none. */
  readonly startedAt: Date | undefined;
  /** When the last of them ended; `undefined` while any is unfinished, or when there is none. */
  readonly finishedAt: Date | undefined;
  /** Where to go on with older ones; `undefined` when these are all. */
  readonly nextCursor: string | undefined;
}

/** Builds the tree of a page of jobs, newest first, with all their attempts. */
export function jobTree<AJob extends JobSummary>(
  { jobs, nextCursor }: JobPage<AJob & Attempted>,
): JobTree<AJob> {
  const oldestFirst = [...jobs].reverse();
  const nodes = new Map(oldestFirst.map((job) => [job.id, newNode(job)]));
  const roots: JobNode<AJob>[] = [];
  for (const [id, node] of nodes) {
    const { parentId } = node.job;
    const parent = parentId === undefined || parentId === id ? undefined : nodes.get(parentId);
    (parent?.children ?? roots).push(node);
  }
  return {
    roots,
    jobs: jobs.length,
    startedAt: oldestFirst[0]?.createdAt,
    finishedAt: endOf(jobs),
    nextCursor,
  };
}

interface GrowingNode<AJob> extends JobNode<AJob> {
  readonly children: JobNode<AJob>[];
}

function newNode<AJob extends JobSummary>(job: AJob & Attempted): GrowingNode<AJob> {
  return { job, runs: runsOf(job), children: [] };
}

/** What did not complete the job is kept as attempts; the last word stands on the job itself. */
export function runsOf(job: JobSummary & Attempted): readonly JobRun[] {
  const runs = job.failedAttempts.map(toRun);
  const { status, startedAt, finishedAt } = job;
  if ((status !== "completed" && status !== "running") || startedAt === undefined) return runs;
  return [...runs, {
    attempt: job.attempts,
    outcome: status,
    startedAt,
    finishedAt,
    error: undefined,
    traceparent: status === "completed" ? job.attemptTraceparent : undefined,
  }];
}

function toRun({ attempt, outcome, startedAt, finishedAt, error, traceparent }: FailedAttempt) {
  return { attempt, outcome, startedAt, finishedAt, error, traceparent };
}

function endOf(jobs: readonly JobSummary[]): Date | undefined {
  if (jobs.length === 0 || !jobs.every(({ status }) => hasEnded(status))) return undefined;
  return new Date(jobs.reduce((last, { finishedAt }) => Math.max(last, finishedAt!.getTime()), 0));
}
