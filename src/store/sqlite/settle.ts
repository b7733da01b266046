/**
 * Writing what happens to a job in a file: its row, its lease, its attempts. In one statement the plain
 * case of settling: a job completes that no job waits for and that was alone in its trace, so that the
 * trace has ended with it.
 *
 * @module
 */
import type { AttemptRecord } from "../../job/record.ts";
import { traceIdIn } from "../../job/traceparent.ts";
import type { Settlement } from "../store.ts";
import type { JobChanges } from "../transitions/job_table.ts";
import type { Database, SqlValue } from "./database.ts";

const columns: readonly (readonly [field: keyof JobChanges, column: string])[] = [
  ["status", "status"],
  ["attempts", "attempts"],
  ["releases", "releases"],
  ["snoozes", "snoozes"],
  ["maxAttempts", "max_attempts"],
  ["runAt", "run_at"],
  ["startedAt", "started_at"],
  ["finishedAt", "finished_at"],
  ["result", "result"],
  ["error", "error"],
  ["attemptTraceparent", "attempt_traceparent"],
  ["isSuspect", "is_suspect"],
  ["priority", "priority"],
  ["operation", "operation"],
];

// By which fields change, a bit each: there are about ten such sets.
const statements = new Map<number, string>();

/** Changes what is given. No transition makes a job run, so what has a status gets no lease. */
export function updateJob(database: Database, id: string, changes: JobChanges): void {
  // What had ended and runs again takes back the end of its trace.
  let changed = changes.finishedAt === null ? 1 << columns.length : 0;
  const values: SqlValue[] = [];
  for (let i = 0; i < columns.length; i++) {
    const value = changes[columns[i]![0]];
    if (value === undefined) continue;
    changed |= 1 << i;
    values.push(
      typeof value === "object" && value !== null ? JSON.stringify(value) : sqlValue(value),
    );
  }
  if (changed === 0) return;
  values.push(id);
  let sql = statements.get(changed);
  if (sql === undefined) statements.set(changed, sql = statementOf(changes));
  database.run(sql, ...values);
}

function sqlValue(value: string | number | boolean | null): SqlValue {
  return typeof value === "boolean" ? Number(value) : value;
}

function statementOf(changes: JobChanges): string {
  const set = columns.filter(([field]) => changes[field] !== undefined)
    .map(([, column]) => `${column} = ?`);
  if (changes.status !== undefined) {
    set.push("lease_token = null", "leased_until = null");
    // What has no time of its end waits.
    if (changes.finishedAt == null) set.push("worker = null");
  }
  if (changes.finishedAt === null) set.push("trace_end_due = null");
  return `update hammerwork_jobs set ${set.join(", ")} where id = ?`;
}

/** Extends a lease, and notes that its attempt has begun. */
export function extendLease(
  database: Database,
  id: string,
  leasedUntil: number,
  hasBegun: boolean,
): void {
  database.run(
    "update hammerwork_jobs set leased_until = ?, has_begun = ? where id = ?",
    leasedUntil,
    hasBegun ? 1 : 0,
    id,
  );
}

/** Keeps an attempt, with the worker of its job. */
export function insertAttempt(database: Database, attempt: AttemptRecord): void {
  database.run(
    "insert into hammerwork_attempts " +
      "(job_id, attempt, outcome, started_at, finished_at, error, traceparent, worker) " +
      "select id, ?, ?, ?, ?, ?, ?, worker from hammerwork_jobs where id = ?",
    attempt.attempt,
    attempt.outcome,
    attempt.startedAt,
    attempt.finishedAt,
    attempt.error ? JSON.stringify(attempt.error) : null,
    attempt.traceparent ?? null,
    attempt.jobId,
  );
}

/** Makes a job known by the trace that an attempt of it ran in. */
export function insertAttemptTrace(database: Database, jobId: string, traceId: string): void {
  database.run(
    "insert or ignore into hammerwork_attempt_traces (trace_id, job_id) values (?, ?)",
    traceId,
    jobId,
  );
}

/**
 * Completes a job if that is all there is to do; else changes nothing. To be called before anything
 * else ends in the same transaction: the end of a trace is recorded once.
 *
 * @returns Whether it has.
 */
export function completePlainly(
  database: Database,
  { jobId, leaseToken, change, runMs, traceparent }: Settlement,
  now: number,
): boolean {
  if (change.status !== "completed") return false;
  const changed = database.run(
    complete,
    now - Math.round(runMs),
    now,
    change.result ?? null,
    traceparent ?? null,
    now,
    jobId,
    leaseToken,
    traceparent === undefined ? null : traceIdIn(traceparent),
  );
  return changed > 0;
}

// Retried after it had ended its trace, a job counts on from its own epoch.
const complete = "update hammerwork_jobs set status = 'completed', started_at = ?, " +
  "finished_at = ?, releases = 0, snoozes = 0, result = ?, error = null, attempt_traceparent = ?, " +
  "lease_token = null, leased_until = null, " +
  "trace_end_due = ?, trace_epoch = coalesce(trace_epoch, 0) + 1 " +
  "where id = ? and status = 'running' and lease_token = ? and joined_trace = 0 and depends_on = '[]' " +
  "and trace_id = coalesce(?, trace_id) " +
  "and not exists (select 1 from hammerwork_dependencies where dependency_id = hammerwork_jobs.id) " +
  "and not exists (select 1 from hammerwork_jobs as other indexed by hammerwork_jobs_unfinished " +
  "where other.trace_id = hammerwork_jobs.trace_id " +
  "and other.joined_trace = 1 and other.finished_at is null) " +
  "and not exists (select 1 from hammerwork_jobs as other indexed by hammerwork_jobs_trace_epoch " +
  "where other.trace_id = hammerwork_jobs.trace_id " +
  "and other.joined_trace = 1 and other.trace_epoch is not null)";
