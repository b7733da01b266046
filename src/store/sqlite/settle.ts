/**
 * Recording outcomes and ends in a file, inside a transaction.
 *
 * @module
 */
import type { AttemptOutcome, JobError, JobRecord } from "../../job/record.ts";
import type { Lease, LeaseState, Settlement } from "../store.ts";
import { leaseExpired } from "../reasons.ts";
import { completePlainly } from "./completion.ts";
import type { Database, Row } from "./database.ts";
import { end, unblockDependents, wait } from "./ends.ts";
import { toRecord } from "./rows.ts";
import { noteAttemptTrace } from "./traces.ts";
import type { Effects } from "./effects.ts";

/** Records attempts' outcomes, each if its lease still holds. */
export function settleJobs(
  database: Database,
  settlements: readonly Settlement[],
  now: number,
  effects: Effects,
): LeaseState[] {
  const isSettled = firstOfEachLease(settlements).map((one) =>
    one !== undefined && completePlainly(database, one, now)
  );
  const states = settlements.map((one, i) =>
    isSettled[i] ? "held" : settle(database, one, now, effects)
  );
  unblockDependents(database, now, effects);
  return states;
}

/** Of two outcomes of one attempt the first counts, whatever the second is. */
function firstOfEachLease(
  settlements: readonly Settlement[],
): readonly (Settlement | undefined)[] {
  const jobIds = new Set<string>();
  return settlements.map((one) => {
    if (jobIds.has(one.jobId)) return undefined;
    jobIds.add(one.jobId);
    return one;
  });
}

function settle(
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
      end(database, jobId, { status: "completed", result: change.result }, now, effects);
      break;
    case "failed":
      remember(change.outcome, change.error);
      end(database, jobId, { status: "failed", error: change.error }, now, effects);
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
  if (job.status === "running") {
    loseAttempt(database, rowOf(job), "cancelled", now, error);
    effects.cancelled.push(job.id);
  }
  end(database, job.id, { status: "cancelled", error }, now, effects);
  unblockDependents(database, now, effects);
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
  for (const row of expired) {
    loseAttempt(database, row, "lease_expired", now, leaseExpired);
    if ((row.attempts as number) >= (row.max_attempts as number)) {
      end(database, row.id as string, { status: "failed", error: leaseExpired }, now, effects);
    } else {
      wait(
        database,
        row,
        { status: "ready", runAt: row.run_at as number, error: leaseExpired },
        effects,
      );
    }
  }
  unblockDependents(database, now, effects);
  return expired.map(({ id }) =>
    toRecord(database.get("select * from hammerwork_jobs where id = ?", id!)!)
  );
}

function rowOf(job: JobRecord): Row {
  return { id: job.id, attempts: job.attempts, started_at: job.startedAt ?? null };
}

/** An attempt that nobody settles: its span is not known, and an older one's would mislead. */
function loseAttempt(
  database: Database,
  job: Row,
  outcome: AttemptOutcome,
  now: number,
  error: JobError,
): void {
  rememberAttempt(database, job, outcome, now, error);
  database.run("update hammerwork_jobs set attempt_traceparent = null where id = ?", job.id!);
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
