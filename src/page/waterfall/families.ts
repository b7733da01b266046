/**
 * What is known of a job together with all the jobs below it, counted once for the whole tree.
 *
 * @module
 */
import type { JobStatus } from "../../job/status.ts";
import type { JobNode } from "../../queue/job_tree.ts";

/** A job and the jobs below it. */
export interface JobGroup {
  /** How many they are. */
  readonly jobs: number;
  /** How many of them have each status. */
  readonly statuses: ReadonlyMap<JobStatus, number>;
  /** Whether one of them failed, was cancelled, was tried again or is under way. */
  readonly isNoteworthy: boolean;
  /** When the first of them was added, in ms since 1970. */
  readonly from: number;
  /** When the last of them ended; `undefined` while one is unfinished. */
  readonly to: number | undefined;
}

/** The families of all jobs. Without recursion: each job may be a part of the one before it. */
export function groupsOf(roots: readonly JobNode[]): ReadonlyMap<JobNode, JobGroup> {
  const families = new Map<JobNode, JobGroup>();
  for (const node of parentsFirst(roots).reverse()) {
    families.set(node, merge([alone(node), ...node.children.map((one) => families.get(one)!)]));
  }
  return families;
}

/** All jobs of a tree, each after the one that it is a part of. */
export function parentsFirst(roots: readonly JobNode[]): JobNode[] {
  const nodes = [...roots];
  for (let i = 0; i < nodes.length; i++) {
    for (const child of nodes[i]!.children) nodes.push(child);
  }
  return nodes;
}

function alone({ job, attempts }: JobNode): JobGroup {
  return {
    jobs: 1,
    statuses: new Map([[job.status, 1]]),
    isNoteworthy: attempts.length > 1 || noteworthy.has(job.status),
    from: job.createdAt.getTime(),
    to: job.finishedAt?.getTime(),
  };
}

const noteworthy: ReadonlySet<JobStatus> = new Set(["running", "retrying", "failed", "cancelled"]);

/** Families as one. */
export function merge(families: readonly JobGroup[]): JobGroup {
  const statuses = new Map<JobStatus, number>();
  let [jobs, isNoteworthy, from, to] = [0, false, Infinity, -Infinity as number | undefined];
  for (const family of families) {
    jobs += family.jobs;
    isNoteworthy ||= family.isNoteworthy;
    from = Math.min(from, family.from);
    to = to === undefined || family.to === undefined ? undefined : Math.max(to, family.to);
    for (const [status, count] of family.statuses) {
      statuses.set(status, (statuses.get(status) ?? 0) + count);
    }
  }
  return { jobs, statuses, isNoteworthy, from, to };
}
