/**
 * Counting what a loop did.
 *
 * @module
 */
import type { JobStatus } from "../job/status.ts";

/** What can become of a claimed job. */
export type Became =
  | Extract<JobStatus, "completed" | "failed" | "retrying" | "cancelled" | "ready">
  | "lost";

/** What became of jobs, counted. */
export class Tally {
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
  add(became: Became): void {
    switch (became) {
      case "retrying":
        this.retried++;
        break;
      case "ready":
        this.released++;
        break;
      default:
        this[became]++;
    }
  }

  /** The counts as plain data. */
  counts(): Readonly<Omit<Tally, "add" | "counts">> {
    return { ...this };
  }
}
