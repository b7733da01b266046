/**
 * Jobs together with all their descendants: how many, with which statuses, in which time.
 *
 * @module
 */
import type { JobStatus } from "../../job/status.ts";
import type { Timeline, TimelineRow } from "../../queue/timeline.ts";

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
export function groupsOf({ rows }: Timeline): ReadonlyMap<TimelineRow, JobGroup> {
  const groups = new Map<TimelineRow, JobGroup>();
  for (const row of [...rows.values()].reverse()) {
    groups.set(row, merge([groupOfOne(row), ...row.children.map((one) => groups.get(one)!)]));
  }
  return groups;
}

function groupOfOne({ job, runs, from, to, isUnfinished }: TimelineRow): JobGroup {
  return {
    jobs: 1,
    statuses: new Map([[job.status, 1]]),
    isNoteworthy: runs.length > 1 || noteworthy.has(job.status),
    from,
    to: isUnfinished ? undefined : to,
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
