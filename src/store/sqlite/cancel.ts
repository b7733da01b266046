/**
 * A caller's cancellation in a file, inside a transaction: of one job, and of its descendants.
 *
 * @module
 */
import type { JobError, JobRecord } from "../../job/record.ts";
import { hasEnded, type JobStatus } from "../../job/status.ts";
import { loseAttempt } from "./attempts.ts";
import type { Database } from "./database.ts";
import type { Effects } from "./effects.ts";
import { end, unblockDependents } from "./ends.ts";
import { cancelledFor } from "./retry.ts";

type Unfinished = Pick<JobRecord, "id" | "status" | "attempts" | "startedAt">;

/** Cancels a job that has not ended. */
export function cancelJob(
  database: Database,
  job: Unfinished,
  error: JobError,
  now: number,
  effects: Effects,
): void {
  cancelOne(database, job, error, now, effects);
  unblockDependents(database, now, effects);
}

/**
 * Cancels the parts of a job, theirs, and those of dependents that were cancelled with one of them.
 *
 * @returns How many.
 */
export function cancelDescendants(
  database: Database,
  rootId: string,
  error: JobError,
  now: number,
  effects: Effects,
): number {
  let count = 0;
  const family = new Set([rootId]);
  for (let known = 0; known < family.size;) {
    known = family.size;
    // What is added while it goes over them comes too.
    for (const id of family) {
      for (const child of childrenOf(database, id)) {
        family.add(child.id);
        if (hasEnded(child.status)) continue;
        cancelOne(database, child, error, now, effects);
        count++;
      }
    }
    unblockDependents(database, now, effects);
    for (const id of family) {
      for (const dependent of cancelledFor(database, id)) family.add(dependent.id);
    }
  }
  return count;
}

function cancelOne(
  database: Database,
  { id, status, attempts, startedAt }: Unfinished,
  error: JobError,
  now: number,
  effects: Effects,
): void {
  if (status === "running") {
    loseAttempt(database, { id, attempts, started_at: startedAt ?? null }, "cancelled", now, error);
    effects.cancelled.push(id);
  }
  end(database, id, { status: "cancelled", error }, now, effects);
}

function childrenOf(database: Database, id: string): readonly Unfinished[] {
  return database.all(
    "select id, status, attempts, started_at " +
      "from hammerwork_jobs indexed by hammerwork_jobs_parent where parent_id = ?",
    id,
  ).map((row) => ({
    id: row.id as string,
    status: row.status as JobStatus,
    attempts: row.attempts as number,
    startedAt: row.started_at === null ? undefined : row.started_at as number,
  }));
}
