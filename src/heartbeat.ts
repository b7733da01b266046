/**
 * Keeps the leases of running jobs, and ends the attempts whose lease is gone.
 *
 * @module
 */
import { JobCancelledError, LeaseLostError } from "./errors.ts";
import type { Running } from "./attempts.ts";
import type { LeaseState, Store } from "./store.ts";

/** Extends the leases of all running jobs, once. Never rejects. */
export async function extendLeases(
  store: Store,
  running: Iterable<Running>,
  onError: (error: unknown) => void,
): Promise<void> {
  for (const [leaseMs, jobs] of byLease(running)) {
    const askedAt = performance.now();
    try {
      const leases = jobs.map(({ job: { id, leaseToken } }) => ({ jobId: id, leaseToken }));
      const states = await store.extend(leases, leaseMs);
      jobs.forEach((one, i) => apply(one, states[i]!, askedAt));
    } catch (error) {
      onError(error);
      // Whether they were extended is not known. Past its time another worker may have the job.
      const now = performance.now();
      for (const one of jobs) if (one.leasedUntil <= now) apply(one, "lost", askedAt);
    }
  }
}

function apply(one: Running, state: LeaseState, askedAt: number): void {
  const { leaseMs } = one.settings;
  switch (state) {
    case "held":
      one.leasedUntil = askedAt + leaseMs;
      return;
    case "cancelled":
      return one.controller.abort(new JobCancelledError("The job was cancelled while it ran"));
    case "lost":
      return one.controller.abort(
        new LeaseLostError(`The lease of ${leaseMs} ms ran out before it was extended`),
      );
  }
}

function byLease(running: Iterable<Running>): ReadonlyMap<number, readonly Running[]> {
  const groups = new Map<number, Running[]>();
  for (const one of running) {
    const group = groups.get(one.settings.leaseMs);
    if (group === undefined) groups.set(one.settings.leaseMs, [one]);
    else group.push(one);
  }
  return groups;
}
