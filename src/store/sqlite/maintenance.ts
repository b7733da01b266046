/**
 * What maintenance asks of a file, and the removal of ended jobs.
 *
 * @module
 */
import type { Database } from "./database.ts";

/** Whether a lease has expired or an ended job is past its time. Only reads. */
export function isMaintenanceDue(database: Database, now: number, endedBefore: number): boolean {
  return database.get(
    "select 1 where exists (select 1 from hammerwork_jobs indexed by hammerwork_jobs_leased " +
      "where status = 'running' and leased_until < ?) " +
      "or exists (select 1 from hammerwork_jobs indexed by hammerwork_jobs_ended " +
      "where finished_at <= ?)",
    now,
    endedBefore,
  ) !== undefined;
}

/** Removes jobs that ended before a time, the oldest first, inside a transaction. */
export function removeEnded(database: Database, before: number, limit: number): number {
  const removed = database.all(
    "delete from hammerwork_jobs where sequence in " +
      "(select sequence from hammerwork_jobs indexed by hammerwork_jobs_ended " +
      "where finished_at <= ? order by finished_at limit ?) returning id",
    before,
    limit,
  );
  for (const { id } of removed) {
    database.run("delete from hammerwork_attempts where job_id = ?", id!);
    database.run("delete from hammerwork_attempt_traces where job_id = ?", id!);
  }
  return removed.length;
}
