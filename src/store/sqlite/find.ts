/**
 * Looking jobs up in a file.
 *
 * @module
 */
import { hasEnded, type JobStatus, jobStatuses } from "../../job/status.ts";
import type { JobRecord } from "../../job/record.ts";
import type { QueueCount, RecordFilter } from "../store.ts";
import type { LiveCount } from "../depth.ts";
import type { Database, Row, SqlValue } from "./database.ts";
import { toRecord } from "./rows.ts";

/** Jobs that fit, newest first. */
export function findJobs(database: Database, filter: RecordFilter): JobRecord[] {
  const conditions = conditionsOf(database, filter);
  const where = conditions.length > 0
    ? `where ${conditions.map(([condition]) => condition).join(" and ")} `
    : "";
  // A condition may ask for its value more than once.
  const values = conditions.flatMap(([condition, value]) =>
    Array<SqlValue>(condition.split("?").length - 1).fill(value)
  );
  return database.all(
    `select * from hammerwork_jobs ${where}order by sequence desc limit ?`,
    ...values,
    filter.limit,
  ).map(toRecord);
}

/** Each condition with its value. What is not asked for does not stand in the statement. */
function conditionsOf(
  database: Database,
  filter: RecordFilter,
): readonly (readonly [string, SqlValue])[] {
  const asked: readonly (readonly [string, SqlValue | undefined])[] = [
    ["queue_name = ?", filter.queueName],
    [
      "status in (select value from json_each(?))",
      filter.statuses && JSON.stringify(filter.statuses),
    ],
    [ofTrace(database, filter.traceId), filter.traceId],
    ["correlation_id = ?", filter.correlationId],
    ["parent_id = ?", filter.parentId],
    ["created_at >= ?", filter.createdFrom],
    ["created_at < ?", filter.createdBefore],
    ["sequence < ?", filter.before],
  ];
  return asked.filter((one): one is readonly [string, SqlValue] => one[1] !== undefined);
}

/** Few traces have attempts of other traces' jobs; all others keep to the index in its order. */
function ofTrace(database: Database, traceId: string | undefined): string {
  const isRanIn = traceId !== undefined &&
    database.get("select 1 from hammerwork_attempt_traces where trace_id = ?", traceId);
  if (!isRanIn) return "trace_id = ?";
  return "sequence in (select sequence from hammerwork_jobs where trace_id = ? union all " +
    "select sequence from hammerwork_jobs where id in " +
    "(select job_id from hammerwork_attempt_traces where trace_id = ?))";
}

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
