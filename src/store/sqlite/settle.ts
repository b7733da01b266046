/**
 * Recording outcomes and ends in a file, inside a transaction.
 *
 * @module
 */
import type { AttemptOutcome, JobError, JobRecord } from "../../job/record.ts";
import type { Lease, LeaseState, Settlement } from "../store.ts";
import { dependencyFailed, leaseExpired } from "../reasons.ts";
import type { Database, Row } from "./database.ts";
import { toRecord } from "./rows.ts";
import { noteAttemptTrace } from "./traces.ts";
import type { Effects } from "./effects.ts";

type EndStatus = "completed" | "failed" | "cancelled";

/** Records one attempt's outcome, if its lease still holds. */
export function settleJob(
  database: Database,
  settlement: Settlement,
  now: number,
  effects: Effects,
): LeaseState {
  const { jobId, change, traceparent, runMs } = settlement;
  const job = heldJob(database, settlement);
  if (typeof job === "string") return job;
  if (change.to === "ready" && !change.started) return unclaim(database, job, effects);
  const startedAt = now - Math.round(runMs);
  database.run(
    "update hammerwork_jobs set started_at = ?, attempt_traceparent = ? where id = ?",
    startedAt,
    traceparent ?? null,
    jobId,
  );
  noteAttemptTrace(database, jobId, traceparent);
  const remember = (outcome: AttemptOutcome, error?: JobError) =>
    rememberAttempt(database, { ...job, started_at: startedAt }, outcome, now, error, traceparent);
  switch (change.to) {
    case "completed":
      end(database, jobId, "completed", now, effects, undefined, change.result);
      break;
    case "failed":
      remember(change.outcome, change.error);
      end(database, jobId, "failed", now, effects, change.error);
      break;
    case "retrying":
      remember(change.outcome, change.error);
      wait(
        database,
        job,
        { status: "retrying", runAt: now + change.delayMs, error: change.error },
        effects,
      );
      break;
    case "ready":
      remember("released");
      giveBackAttempt(database, jobId);
      wait(database, job, { status: "ready", runAt: job.run_at as number }, effects);
      break;
  }
  return "held";
}

/** Takes back a claim as if it had never been made. */
function unclaim(database: Database, job: Row, effects: Effects): LeaseState {
  database.run(
    "update hammerwork_jobs set status = 'ready', attempts = attempts - 1, " +
      "lease_token = null, leased_until = null where id = ?",
    job.id!,
  );
  effects.woken.add(job.queue_name as string);
  return "held";
}

/** The job of a lease, or why the lease is gone. */
export function heldJob(
  database: Database,
  { jobId, leaseToken }: Lease,
): Row | "lost" | "cancelled" {
  const row = database.get(
    "select id, queue_name, status, attempts, started_at, run_at, lease_token " +
      "from hammerwork_jobs where id = ?",
    jobId,
  );
  if (row?.status === "running" && row.lease_token === leaseToken) return row;
  return row?.status === "cancelled" ? "cancelled" : "lost";
}

/** Cancels a job that has not ended. */
export function cancelJob(
  database: Database,
  job: JobRecord,
  error: JobError,
  now: number,
  effects: Effects,
): void {
  if (job.status === "running") rememberAttempt(database, rowOf(job), "cancelled", now, error);
  end(database, job.id, "cancelled", now, effects, error);
}

/** Takes back the jobs whose lease has expired. */
export function sweepLeases(
  database: Database,
  limit: number,
  now: number,
  effects: Effects,
): JobRecord[] {
  const expired = database.all(
    "select * from hammerwork_jobs indexed by hammerwork_jobs_leased " +
      "where status = 'running' and leased_until < ? order by leased_until limit ?",
    now,
    limit,
  );
  return expired.map((row) => {
    rememberAttempt(database, row, "lease_expired", now, leaseExpired);
    if ((row.attempts as number) >= (row.max_attempts as number)) {
      end(database, row.id as string, "failed", now, effects, leaseExpired);
    } else {
      wait(
        database,
        row,
        { status: "ready", runAt: row.run_at as number, error: leaseExpired },
        effects,
      );
    }
    return toRecord(database.get("select * from hammerwork_jobs where id = ?", row.id as string)!);
  });
}

function rowOf(job: JobRecord): Row {
  return { id: job.id, attempts: job.attempts, started_at: job.startedAt ?? null };
}

function rememberAttempt(
  database: Database,
  job: Row,
  outcome: AttemptOutcome,
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

function giveBackAttempt(database: Database, id: string): void {
  database.run("update hammerwork_jobs set attempts = attempts - 1 where id = ?", id);
}

function wait(
  database: Database,
  job: Row,
  to: { status: "ready" | "scheduled" | "retrying"; runAt: number; error?: JobError },
  effects: Effects,
): void {
  database.run(
    "update hammerwork_jobs " +
      "set status = ?, run_at = ?, error = ?, lease_token = null, leased_until = null where id = ?",
    to.status,
    to.runAt,
    to.error ? JSON.stringify(to.error) : null,
    job.id!,
  );
  effects.woken.add(job.queue_name as string);
}

/** Ends a job and frees, or cancels, those that waited for it. A chain of any length is walked flat. */
function end(
  database: Database,
  id: string,
  status: EndStatus,
  now: number,
  effects: Effects,
  error?: JobError,
  result?: string,
): void {
  finish(database, id, status, now, effects, error, result);
  const ended: { id: string; status: EndStatus }[] = [{ id, status }];
  for (let one = ended.pop(); one !== undefined; one = ended.pop()) {
    for (const dependent of takeDependents(database, one.id)) {
      if (dependent.status !== "blocked") continue;
      const dependentId = dependent.id as string;
      if (one.status !== "completed" && dependent.on_dependency_failure === "cancel") {
        const reason = dependencyFailed(one.id, one.status);
        finish(database, dependentId, "cancelled", now, effects, reason);
        ended.push({ id: dependentId, status: "cancelled" });
      } else if (dependent.is_free) {
        const runAt = Math.max(dependent.run_at as number, now);
        wait(database, dependent, { status: runAt <= now ? "ready" : "scheduled", runAt }, effects);
      }
    }
  }
}

function finish(
  database: Database,
  id: string,
  status: EndStatus,
  now: number,
  effects: Effects,
  error?: JobError,
  result?: string,
): void {
  effects.ended.push(id);
  database.run(
    "update hammerwork_jobs set status = ?, finished_at = ?, error = ?, result = ?, " +
      "lease_token = null, leased_until = null where id = ?",
    status,
    now,
    error ? JSON.stringify(error) : null,
    result ?? null,
    id,
  );
  // Only a blocked job waits for others, and only a cancellation ends one.
  if (status === "cancelled") {
    database.run("delete from hammerwork_dependencies where job_id = ?", id);
  }
}

/** Removes the rows of those that waited for a job, and says how they stand without it. */
function takeDependents(database: Database, id: string): Row[] {
  return database.all(
    "delete from hammerwork_dependencies where dependency_id = ? returning job_id",
    id,
  ).map(({ job_id }) =>
    database.get(
      "select id, queue_name, status, run_at, on_dependency_failure, not exists " +
        "(select 1 from hammerwork_dependencies where job_id = hammerwork_jobs.id) as is_free " +
        "from hammerwork_jobs where id = ?",
      job_id!,
    )
  ).filter((row) => row !== undefined);
}
