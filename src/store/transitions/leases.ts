/**
 * Leases: which hold, extending them, and taking back the jobs of those that have expired.
 *
 * @module
 */
import { noneInARow } from "../../job/outcomes.ts";
import { expiryDelay, leaseExpired } from "../rules.ts";
import type { ExpiredJob, ExtendOptions, Extension, Lease, LeaseState } from "../store.ts";
import type { JobRow, JobTable } from "./job_table.ts";
import { chargeOf, loseAttempt, type Step } from "./step.ts";

/** The job of a lease, or why the lease does not hold. */
export function heldRow<Row extends JobRow>(
  jobs: JobTable<Row>,
  { jobId, leaseToken }: Lease,
): Row | "lost" | "cancelled" {
  const row = jobs.row(jobId);
  if (row?.status === "running" && row.leaseToken === leaseToken) return row;
  return row?.status === "cancelled" ? "cancelled" : "lost";
}

/** Says which of these leases hold. */
export function check<Row extends JobRow>(
  jobs: JobTable<Row>,
  leases: readonly Lease[],
): readonly LeaseState[] {
  return leases.map((lease) => {
    const row = heldRow(jobs, lease);
    return typeof row === "string" ? row : "held";
  });
}

/** Extends those leases that still hold, and records which attempts have begun. */
export function extend<Row extends JobRow>(
  { jobs, now }: Step<Row>,
  extensions: readonly Extension[],
  { leaseMs }: ExtendOptions,
): readonly LeaseState[] {
  return extensions.map((extension) => {
    const row = heldRow(jobs, extension);
    if (typeof row === "string") return row;
    jobs.extendLease(row, now + leaseMs, row.hasBegun || extension.attempt !== "waits");
    return "held";
  });
}

/** Takes back jobs whose lease has expired: at most so many, or the one with an id. */
export function sweep<Row extends JobRow>(
  step: Step<Row>,
  limit: number,
  id?: string,
): readonly ExpiredJob[] {
  const swept = step.jobs.expired(step.now, limit, id).map((row) => ({
    id: row.id,
    lostAttempt: sweepOne(step, row),
  }));
  step.followEnds();
  return swept.map(({ id, lostAttempt }) => ({
    ...step.jobs.record(id)!,
    lostAttempt,
    sweptAt: step.now,
  }));
}

/** Takes a job back. Returns which attempt was lost, if one may have begun. */
function sweepOne<Row extends JobRow>(step: Step<Row>, row: Row): number | undefined {
  const { attempts, hasBegun, isSuspect } = row;
  const isLost = hasBegun || !isSuspect;
  const lost = isLost && {
    ...loseAttempt(step, row, "lease_expired", leaseExpired),
    error: leaseExpired,
  };
  if (!hasBegun) {
    // Perhaps it never began: that is not charged.
    const charge = chargeOf(row, "lease_expired", "ready");
    step.wait(row, { ...lost, ...charge, status: "ready", isSuspect: true });
  } else if (attempts >= row.maxAttempts) {
    step.end(row, { ...lost, ...noneInARow, status: "failed", finishedAt: step.now });
  } else {
    const runAt = step.now + expiryDelay(row);
    step.wait(row, { ...lost, ...noneInARow, status: "retrying", runAt });
  }
  return isLost ? attempts : undefined;
}
