/**
 * Counting what a loop did.
 *
 * @module
 */
import type { AttemptOutcome } from "../job/outcomes.ts";
import type { JobStatus } from "../job/status.ts";

/** How the claimed jobs of a loop ended, counted. */
export class OutcomeCounts {
  /** Completed. */
  completed = 0;
  /** Failed for good. */
  failed = 0;
  /** Failed or timed out, with another attempt to follow. */
  retried = 0;
  /** Cancelled by a caller while they ran. */
  cancelled = 0;
  /** Released at a stop. */
  released = 0;
  /** Whose lease expired: they run again. */
  leaseExpired = 0;

  /** Counts the end of an attempt by the status that it gave the job, else by its outcome. */
  add(outcome: AttemptOutcome, status?: JobStatus): void {
    if (status === "retrying") this.retried++;
    else if (status === "failed") this.failed++;
    else if (outcome === "lease_expired") this.leaseExpired++;
    else if (outcome !== "timed_out") this[outcome]++;
  }

  /** The counts as plain data. */
  counts(): Readonly<Omit<OutcomeCounts, "add" | "counts">> {
    return { ...this };
  }
}
