/**
 * Recording outcomes and ends in a file, inside a transaction.
 *
 * @module
 */
import { mostReleases } from "../../job/job_options.ts";
import type { AttemptRecord, JobError } from "../../job/record.ts";
import type { LeaseState, Settlement } from "../store.ts";
import { rememberAttempt } from "./attempts.ts";
import { completePlainly } from "./completion.ts";
import type { Database, Row } from "./database.ts";
import { end, unblockDependents, wait } from "./ends.ts";
import { endReleases, heldJob } from "./leases.ts";
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
  if (change.status === "ready" && !change.started) return unclaim(database, job, effects);
  const startedAt = now - Math.round(runMs);
  database.run(
    "update hammerwork_jobs set started_at = ?, attempt_traceparent = ? where id = ?",
    startedAt,
    traceparent ?? null,
    jobId,
  );
  noteAttemptTrace(database, jobId, traceparent);
  const remember = (outcome: AttemptRecord["outcome"], error?: JobError) =>
    rememberAttempt(database, { ...job, started_at: startedAt }, outcome, now, error, traceparent);
  switch (change.status) {
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
      endReleases(database, jobId);
      break;
    case "ready":
      remember("released");
      countRelease(database, jobId);
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

/** A release is not charged, but counted. */
function countRelease(database: Database, id: string): void {
  database.run(
    "update hammerwork_jobs set attempts = attempts - 1, releases = min(releases + 1, ?) " +
      "where id = ?",
    mostReleases,
    id,
  );
}
