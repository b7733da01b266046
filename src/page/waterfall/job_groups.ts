/**
 * Jobs together with all their descendants: how many, with which statuses, in which time.
 *
 * @module
 */
import type { JobStatus } from "../../job/status.ts";
import { type JobNode, nodesInOrder } from "../../queue/job_tree.ts";

/** A number of jobs with all their descendants. */
export interface JobGroup {
  /** How many jobs there are. */
  readonly jobs: number;
  /** How many of the jobs have each status. */
  readonly statuses: ReadonlyMap<JobStatus, number>;
  /** Whether one of the jobs failed, was cancelled, was retried or is running. */
  readonly isNoteworthy: boolean;
  /** When the first of the jobs was created, in ms since 1970. */
  readonly from: number;
  /** When the last of the jobs ended, in ms since 1970; `undefined` while one is unfinished. */
  readonly to: number | undefined;
}

/** The group of each job of a tree. Without recursion: a tree can be as deep as it has jobs. */
export function groupsOf(roots: readonly JobNode[]): ReadonlyMap<JobNode, JobGroup> {
  const groups = new Map<JobNode, JobGroup>();
  for (const node of nodesInOrder(roots).reverse()) {
    groups.set(node, merge([groupOfOne(node), ...node.children.map((one) => groups.get(one)!)]));
  }
  return groups;
}

function groupOfOne({ job, attempts }: JobNode): JobGroup {
  return {
    jobs: 1,
    statuses: new Map([[job.status, 1]]),
    isNoteworthy: attempts.length > 1 || noteworthy.has(job.status),
    from: job.createdAt.getTime(),
    to: job.finishedAt?.getTime(),
  };
}

const noteworthy: ReadonlySet<JobStatus> = new Set(["running", "retrying", "failed", "cancelled"]);

/** Several groups as one. */
export function merge(groups: readonly JobGroup[]): JobGroup {
  const statuses = new Map<JobStatus, number>();
  let [jobs, isNoteworthy, from, to] = [0, false, Infinity, -Infinity as number | undefined];
  for (const group of groups) {
    jobs += group.jobs;
    isNoteworthy ||= group.isNoteworthy;
    from = Math.min(from, group.from);
    to = to === undefined || group.to === undefined ? undefined : Math.max(to, group.to);
    for (const [status, count] of group.statuses) {
      statuses.set(status, (statuses.get(status) ?? 0) + count);
    }
  }
  return { jobs, statuses, isNoteworthy, from, to };
}
