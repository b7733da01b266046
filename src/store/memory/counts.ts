/**
 * How many jobs of one queue have each status, kept as they move.
 *
 * @module
 */
import { type JobStatus, jobStatuses } from "../../job/status.ts";
import type { QueueCount } from "../store.ts";

/** The counts of one queue. */
export class StatusCounts {
  readonly #counts: Record<JobStatus, number> = {
    scheduled: 0,
    blocked: 0,
    ready: 0,
    running: 0,
    retrying: 0,
    completed: 0,
    failed: 0,
    cancelled: 0,
  };

  /** One more has a status. */
  add(status: JobStatus): void {
    this.#counts[status]++;
  }

  /** One less has a status. */
  remove(status: JobStatus): void {
    this.#counts[status]--;
  }

  /** Those that are not zero. */
  of(queueName: string): QueueCount[] {
    return jobStatuses.filter((status) => this.#counts[status] > 0)
      .map((status) => ({ queueName, status, count: this.#counts[status] }));
  }
}
