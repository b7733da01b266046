/**
 * Jobs as a tree: each with its attempts in order, below the job that it is a part of.
 *
 * @module
 */
import { hasEnded } from "../job/status.ts";
import type { Attempt, JobSummary, JobWithAttempts } from "../job/job.ts";
import type { JobPage } from "./filters.ts";

/** A job in a tree. */
export interface JobNode<AJob = JobSummary> {
  /** The job. */
  readonly job: AJob;
  /** Its attempts, oldest first, the running or the completed one among them. */
  readonly attempts: readonly Attempt[];
  /** The jobs that are parts of it, in the order in which they were added. */
  readonly children: readonly JobNode<AJob>[];
}

/** Jobs below the jobs that they are parts of. */
export interface JobTree<AJob = JobSummary> {
  /** All jobs of the tree, each followed by its parts. JSON leaves this list out: `roots` has them. */
  readonly jobs: readonly AJob[];
  /** Those that are parts of no other here, in the order in which they were added. */
  readonly roots: readonly JobNode<AJob>[];
  /** When the first of the jobs was added; `undefined` when there is none. */
  readonly startedAt: Date | undefined;
  /** When the last of the jobs ended; `undefined` while any is unfinished, or when there is none. */
  readonly finishedAt: Date | undefined;
  /** The cursor of the next page, which has older jobs; `undefined` when there are none. */
  readonly nextCursor: string | undefined;
}

/** Builds the tree of a page of jobs, newest first, with all their attempts. */
export function jobTree<AJob extends JobSummary>(
  { jobs, nextCursor }: JobPage<JobWithAttempts<AJob>>,
): JobTree<AJob> {
  const oldestFirst = [...jobs].reverse();
  const nodes = new Map(oldestFirst.map((job) => [job.id, newNode<AJob>(job)]));
  const roots: JobNode<AJob>[] = [];
  for (const [id, node] of nodes) {
    const { parentId } = node.job;
    const parent = parentId === undefined || parentId === id ? undefined : nodes.get(parentId);
    (parent?.children ?? roots).push(node);
  }
  return {
    jobs: nodesInOrder(roots).map(({ job }) => job),
    roots,
    startedAt: oldestFirst[0]?.createdAt,
    finishedAt: endOf(jobs),
    nextCursor,
  };
}

interface GrowingNode<AJob> extends JobNode<AJob> {
  readonly children: JobNode<AJob>[];
}

function newNode<AJob extends JobSummary>(
  { attemptHistory: attempts, ...job }: JobWithAttempts<AJob>,
): GrowingNode<AJob> {
  return { job: job as unknown as AJob, attempts, children: [] };
}

/** All nodes of a tree, each followed by its parts. Without recursion: a tree may be as deep as long. */
export function nodesInOrder<AJob>(roots: readonly JobNode<AJob>[]): JobNode<AJob>[] {
  const nodes: JobNode<AJob>[] = [];
  const left = [...roots].reverse();
  for (let node = left.pop(); node !== undefined; node = left.pop()) {
    nodes.push(node);
    for (let i = node.children.length - 1; i >= 0; i--) left.push(node.children[i]!);
  }
  return nodes;
}

function endOf(jobs: readonly JobSummary[]): Date | undefined {
  if (jobs.length === 0 || !jobs.every(({ status }) => hasEnded(status))) return undefined;
  return new Date(jobs.reduce((last, { finishedAt }) => Math.max(last, finishedAt!.getTime()), 0));
}
