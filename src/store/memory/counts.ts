/**
 * How many jobs each queue has with each status, kept as they move.
 *
 * @module
 */
import type { JobStatus } from "../../job/status.ts";
import type { QueueCount } from "../store.ts";

/** Counts by queue and status. */
export class MemoryCounts {
  readonly #queues = new Map<string, Map<JobStatus, number>>();

  /** Adds one, or with -1 takes one away. */
  change(queueName: string, status: JobStatus, by: 1 | -1): void {
    const counts = this.#queues.get(queueName) ?? new Map<JobStatus, number>();
    this.#queues.set(queueName, counts);
    counts.set(status, (counts.get(status) ?? 0) + by);
  }

  /** All that are not zero. */
  all(): QueueCount[] {
    return [...this.#queues].flatMap(([queueName, counts]) =>
      [...counts].filter(([, count]) => count > 0)
        .map(([status, count]) => ({ queueName, status, count }))
    );
  }
}
