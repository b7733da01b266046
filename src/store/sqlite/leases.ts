/**
 * The leases on the jobs in a file that run: extended, and swept when they have expired.
 *
 * @module
 */
import { expiryDelay } from "../expiry_delay.ts";
import { leaseExpired } from "../reasons.ts";
import type { ExpiredJob, Extension, Lease, LeaseState } from "../store.ts";
import { loseAttempt } from "./attempts.ts";
import type { Database, Row } from "./database.ts";
import type { Effects } from "./effects.ts";
import { end, unblockDependents, wait } from "./ends.ts";
import { toRecord } from "./rows.ts";

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

/** Extends a lease if it still holds, and notes that its attempt has begun. */
export function extendLease(
  database: Database,
  extension: Extension,
  leasedUntil: number,
): LeaseState {
  const job = heldJob(database, extension);
  if (typeof job === "string") return job;
  database.run(
    "update hammerwork_jobs set leased_until = ?, has_begun = max(has_begun, ?) where id = ?",
    leasedUntil,
    extension.attempt === "waits" ? 0 : 1,
    extension.jobId,
  );
  return "held";
}

/** The jobs whose lease has expired, or the one of them with an id. */
export function expiredLeases(
  database: Database,
  { limit, id = null }: { readonly limit: number; readonly id?: string | null },
  now: number,
): Row[] {
  return database.all(
    "select * from hammerwork_jobs indexed by hammerwork_jobs_leased " +
      "where status = 'running' and leased_until < ? and id = coalesce(?, id) " +
      "order by leased_until limit ?",
    now,
    id,
    limit,
  );
}

/** Takes back jobs whose lease has expired. */
export function sweepLeases(
  database: Database,
  expired: readonly Row[],
  now: number,
  effects: Effects,
): ExpiredJob[] {
  for (const row of expired) {
    if (isLost(row)) loseAttempt(database, row, "lease_expired", now, leaseExpired);
    if (row.has_begun === 1) charge(database, row, now, effects);
    else suspect(database, row, effects);
  }
  unblockDependents(database, now, effects);
  return expired.map((row) => ({
    ...toRecord(database.get("select * from hammerwork_jobs where id = ?", row.id!)!),
    lostAttempt: isLost(row) ? row.attempts as number : undefined,
    sweptAt: now,
  }));
}

/** Whether an attempt may have begun on the lease that has expired. */
function isLost(row: Row): boolean {
  return row.has_begun === 1 || row.is_suspect === 0;
}

/** Ends a row of releases: something else became of the attempt. */
export function endReleases(database: Database, id: string): void {
  database.run("update hammerwork_jobs set releases = 0 where id = ?", id);
}

/** An attempt was lost that had begun. */
function charge(database: Database, row: Row, now: number, effects: Effects): void {
  const job = toRecord(row);
  if (job.attempts >= job.maxAttempts) {
    end(database, job.id, { status: "failed", error: leaseExpired }, now, effects);
    return;
  }
  const runAt = now + expiryDelay(job);
  wait(database, row, { status: "retrying", runAt, error: leaseExpired }, effects);
  endReleases(database, job.id);
}

/** An attempt was lost that perhaps never began. */
function suspect(database: Database, row: Row, effects: Effects): void {
  database.run(
    "update hammerwork_jobs set status = 'ready', attempts = attempts - 1, is_suspect = 1, " +
      "error = iif(is_suspect, error, ?), lease_token = null, leased_until = null where id = ?",
    JSON.stringify(leaseExpired),
    row.id!,
  );
  effects.woken.add(row.queue_name as string);
}
