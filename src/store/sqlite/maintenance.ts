/**
 * What maintenance asks of a file: the leases that have expired, and the removal of ended jobs.
 *
 * @module
 */
import type { JobRow } from "../transitions/job_table.ts";
import type { Database } from "./database.ts";
import { rowColumns, toJobRow } from "./rows.ts";

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

/** The jobs whose lease has expired, or the one of them with an id. */
export function expiredLeases(
  database: Database,
  now: number,
  limit: number,
  id?: string,
): readonly JobRow[] {
  return database.all(
    `select ${rowColumns} from hammerwork_jobs indexed by hammerwork_jobs_leased ` +
      "where status = 'running' and leased_until < ? and id = coalesce(?, id) " +
      "order by leased_until limit ?",
    now,
    id ?? null,
    limit,
  ).map(toJobRow);
}

/** Removes jobs that ended before a time, the oldest first, inside a transaction. */
export function removeEnded(database: Database, before: number, limit: number): number {
  const removed = database.all(
    "select id from hammerwork_jobs indexed by hammerwork_jobs_ended " +
      "where finished_at <= ? order by finished_at limit ?",
    before,
    limit,
  );
  for (const { id } of removed) {
    database.run("delete from hammerwork_jobs where id = ?", id!);
    database.run(
      "delete from hammerwork_attempts indexed by hammerwork_attempts_job where job_id = ?",
      id!,
    );
    database.run(
      "delete from hammerwork_attempt_traces indexed by hammerwork_attempt_traces_job where job_id = ?",
      id!,
    );
  }
  return removed.length;
}
