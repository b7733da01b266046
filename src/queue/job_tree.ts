/**
 * Jobs as a tree: each with its attempts, below its parent.
 *
 * @module
 */
import { hasEnded } from "../job/status.ts";
import type { Attempt, JobSummary, JobWithAttempts } from "../job/job.ts";
import type { JobPage } from "./find.ts";

/** A job in a tree. */
export interface JobNode<AJob = JobSummary> {
  /** The job. */
  readonly job: AJob;
  /** All of its attempts, oldest first, including a running or a completed one. */
  readonly attempts: readonly Attempt[];
  /** Its children, in the order in which they were enqueued. */
  readonly children: readonly JobNode<AJob>[];
}

/** Jobs below their parents. */
export interface JobTree<AJob = JobSummary> {
  /** All jobs of the tree, each followed by its descendants. JSON has them in `roots` only. */
  readonly jobs: readonly AJob[];
  /** The jobs whose parents are not in the tree, in the order in which they were enqueued. */
  readonly roots: readonly JobNode<AJob>[];
  /** When the first of the jobs was enqueued; `undefined` without jobs. */
  readonly startedAt: Date | undefined;
  /** When the last of the jobs ended; `undefined` while one is unfinished, and without jobs. */
  readonly finishedAt: Date | undefined;
  /** The cursor of the next page, with older jobs; `undefined` on the last one. */
  readonly nextCursor: string | undefined;
}

/** The tree of a page of jobs, which are newest first. */
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

/**
 * All nodes of a tree, each followed by its descendants. Without recursion: a tree can be as deep
 * as it has jobs.
 */
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
