/**
 * What maintenance asks of a file: the leases that have expired, and the removal of ended jobs.
 *
 * @module
 */
import { hasEnded, jobStatuses } from "../../job/status.ts";
import { retentionOf } from "../rules.ts";
import type { Maintenance } from "../store.ts";
import type { JobRow } from "../transitions/job_table.ts";
import type { Database, SqlValue } from "./database.ts";
import { withQueues } from "./health.ts";
import { rowColumns, toJobRow } from "./rows.ts";

/** Whether a lease has expired or an ended job has been kept for long enough. Only reads. */
export function isMaintenanceDue(
  database: Database,
  now: number,
  retentionMs: Maintenance["retentionMs"],
): boolean {
  const expired = "select 1 from hammerwork_jobs indexed by hammerwork_jobs_leased " +
    "where status = 'running' and leased_until < ? limit 1";
  return database.get(expired, now) !== undefined ||
    database.get(removable, ...removableValues(retentionMs, now, 1)) !== undefined;
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

/** Removes jobs that have been kept for long enough, inside a transaction. */
export function removeEnded(
  database: Database,
  retentionMs: Maintenance["retentionMs"],
  now: number,
  limit: number,
): number {
  const removed = database.all(removable, ...removableValues(retentionMs, now, limit));
  for (const { id } of removed) removeJob(database, id as string);
  return removed.length;
}

// Of each queue the oldest of each outcome. The times are of all queues (`queue` is null), or of one that
// has its own.
const removable = withQueues +
  "select id from queues cross join (select value ->> 'queue' as queue, value ->> 'status' as outcome, " +
  "value ->> 'endedBy' as ended_by from json_each(?)) rule " +
  "cross join hammerwork_jobs indexed by hammerwork_jobs_ended " +
  "on queue_name = name and status = outcome and finished_at <= ended_by " +
  "where name = coalesce(queue, name) " +
  "and (queue is not null or name not in (select value from json_each(?))) " +
  "and not exists (select 1 from hammerwork_live_dependents where dependency_id = hammerwork_jobs.id) " +
  "limit ?";

// No queue has this name.
const ofOtherQueues = "";

/** The rules of a retention, the queues that have their own, and the limit. */
function removableValues(
  retentionMs: Maintenance["retentionMs"],
  now: number,
  limit: number,
): readonly SqlValue[] {
  const own = typeof retentionMs === "number" ? [] : Object.keys(retentionMs.queues ?? {});
  const rules = [ofOtherQueues, ...own].flatMap((queueName) => {
    const keptMs = retentionOf(retentionMs, queueName);
    const queue = queueName === ofOtherQueues ? null : queueName;
    return jobStatuses.filter(hasEnded)
      .map((status) => ({ queue, status, endedBy: now - keptMs[status] }));
  });
  return [JSON.stringify(rules), JSON.stringify(own), limit];
}

/** Removes an ended job, inside a transaction. */
export function removeJob(database: Database, id: string): void {
  database.run("delete from hammerwork_jobs where id = ?", id);
  database.run(
    "delete from hammerwork_attempts indexed by hammerwork_attempts_job where job_id = ?",
    id,
  );
  database.run(
    "delete from hammerwork_attempt_traces indexed by hammerwork_attempt_traces_job where job_id = ?",
    id,
  );
}
