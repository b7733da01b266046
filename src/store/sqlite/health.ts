/**
 * Counting the jobs of a file.
 *
 * @module
 */
import { hasEnded, type JobStatus, jobStatuses } from "../../job/status.ts";
import type { LiveCount } from "../health.ts";
import type { QueueCount } from "../store.ts";
import type { Database, Row } from "./database.ts";

/** Jobs that have not ended, by queue and status; each status is read from the index that holds it. */
export function countLive(database: Database): LiveCount[] {
  const live = jobStatuses.filter((status) => !hasEnded(status));
  return database.all(
    live.map((status) =>
      "select queue_name, status, count(*) as count, min(run_at) as run_at " +
      `from hammerwork_jobs where status = '${status}' group by queue_name`
    ).join(" union all "),
  ).map((row) => ({
    queueName: row.queue_name as string,
    status: row.status as JobStatus,
    count: row.count as number,
    oldestRunAt: row.run_at as number,
  }));
}

/** How many jobs each queue has with each status. */
export function countJobs(database: Database): QueueCount[] {
  return database.all(
    "select queue_name, status, count(*) as count from hammerwork_jobs group by queue_name, status",
  ).map(toCount);
}

/** How many jobs each queue has that ended after a time, by how they did. */
export function countEnded(database: Database, after: number): QueueCount[] {
  return database.all(
    "select queue_name, status, count(*) as count " +
      "from hammerwork_jobs indexed by hammerwork_jobs_ended " +
      "where finished_at > ? group by queue_name, status",
    after,
  ).map(toCount);
}

function toCount(row: Row): QueueCount {
  return {
    queueName: row.queue_name as string,
    status: row.status as JobStatus,
    count: row.count as number,
  };
}
