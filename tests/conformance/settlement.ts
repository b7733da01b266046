import type { Change, ClaimedJob, Lease, Settlement } from "../../src/store/store.ts";

/** Who holds, or once held, a lease on a job. */
export type Holder = Pick<ClaimedJob, "id" | "leaseToken">;

/** The lease of a claimed job. */
export function leaseOf({ id, leaseToken }: Holder): Lease {
  return { jobId: id, leaseToken };
}

/** One outcome of a claimed job. */
export function settlement(
  job: Holder,
  change: Change,
  more: Partial<Settlement> = {},
): Settlement {
  return { ...leaseOf(job), change, runMs: 5, ...more };
}
