/**
 * Counting what a loop did.
 *
 * @module
 */
import type { JobStatus } from "../job/status.ts";

/** How a claimed job can end here. */
export type CountedOutcome =
  | Extract<JobStatus, "completed" | "failed" | "retrying" | "cancelled" | "ready">
  | "lost";

/** How claimed jobs ended, counted. */
export class OutcomeCounts {
  /** Completed. */
  completed = 0;
  /** Failed for good. */
  failed = 0;
  /** Failed or timed out, with another attempt to follow. */
  retried = 0;
  /** Cancelled by a caller while they ran. */
  cancelled = 0;
  /** Handed back at a stop. */
  released = 0;
  /** Whose lease was lost: they run again. */
  lost = 0;

  /** Counts one. */
  add(outcome: CountedOutcome): void {
    switch (outcome) {
      case "retrying":
        this.retried++;
        break;
      case "ready":
        this.released++;
        break;
      default:
        this[outcome]++;
    }
  }

  /** The counts as plain data. */
  counts(): Readonly<Omit<OutcomeCounts, "add" | "counts">> {
    return { ...this };
  }
}
