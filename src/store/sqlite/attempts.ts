/**
 * The attempts that did not complete their jobs, and the traces that attempts ran in.
 *
 * @module
 */
import type { AttemptRecord } from "../../job/record.ts";
import type { Database } from "./database.ts";
import { attemptColumns, toAttemptRecord } from "./rows.ts";

/** Keeps an attempt. */
export function insertAttempt(database: Database, attempt: AttemptRecord): void {
  database.run(
    "insert into hammerwork_attempts " +
      "(job_id, attempt, outcome, started_at, finished_at, error, traceparent) " +
      "values (?, ?, ?, ?, ?, ?, ?)",
    attempt.jobId,
    attempt.attempt,
    attempt.outcome,
    attempt.startedAt,
    attempt.finishedAt,
    attempt.error ? JSON.stringify(attempt.error) : null,
    attempt.traceparent ?? null,
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

/** The attempts of jobs, oldest first, by job. */
export function attemptsOf(
  database: Database,
  jobIds: readonly string[],
  hasStacks: boolean,
): ReadonlyMap<string, readonly AttemptRecord[]> {
  const rows = database.all(
    `select ${attemptColumns(hasStacks)} from json_each(?) j ` +
      "cross join hammerwork_attempts a on a.job_id = j.value order by j.key, a.id",
    JSON.stringify(jobIds),
  );
  const records = new Map<string, AttemptRecord[]>(jobIds.map((id) => [id, []]));
  for (const record of rows.map(toAttemptRecord)) records.get(record.jobId)!.push(record);
  return records;
}
