/**
 * Keeping attempts that did not complete their job in a file, inside a transaction.
 *
 * @module
 */
import type { AttemptRecord, JobError } from "../../job/record.ts";
import type { Database, Row } from "./database.ts";

/** Keeps an attempt of a job's row. */
export function rememberAttempt(
  database: Database,
  job: Row,
  outcome: AttemptRecord["outcome"],
  now: number,
  error?: JobError,
  traceparent?: string,
): void {
  database.run(
    "insert into hammerwork_attempts " +
      "(job_id, attempt, outcome, started_at, finished_at, error, traceparent) " +
      "values (?, ?, ?, ?, ?, ?, ?)",
    job.id!,
    job.attempts!,
    outcome,
    job.started_at ?? now,
    now,
    error ? JSON.stringify(error) : null,
    traceparent ?? null,
  );
}

/** An attempt that nobody settles: its span is not known, and an older one's would mislead. */
export function loseAttempt(
  database: Database,
  job: Row,
  outcome: AttemptRecord["outcome"],
  now: number,
  error: JobError,
): void {
  rememberAttempt(database, job, outcome, now, error);
  database.run("update hammerwork_jobs set attempt_traceparent = null where id = ?", job.id!);
}
