/**
 * How the queues of a store stand, in numbers.
 *
 * @module
 */
import { type JobStatus, jobStatuses } from "../job/status.ts";
import type { JobQueue } from "../queue/queue.ts";

/** How one queue stands. */
export interface QueueStats {
  readonly queueName: string;
  /** Jobs by status, those that there are none of included. */
  readonly jobs: Readonly<Record<JobStatus, number>>;
  /** How long the oldest ready job has been due, in ms; `undefined` when none is ready. */
  readonly oldestReadyMs: number | undefined;
}

/** Counts the jobs of every queue, by name. */
export async function countQueues(queue: JobQueue): Promise<readonly QueueStats[]> {
  const [counts, health] = await Promise.all([queue.counts(), queue.health()]);
  const oldest = new Map(health.queues.map((one) => [one.queueName, one.oldestReadyMs]));
  const names = [...new Set(counts.map(({ queueName }) => queueName))].sort();
  return names.map((queueName) => {
    const ofQueue = counts.filter((count) => count.queueName === queueName);
    const jobs = Object.fromEntries(
      jobStatuses.map((status) => [
        status,
        ofQueue.find((count) => count.status === status)?.count ?? 0,
      ]),
    ) as Record<JobStatus, number>;
    return { queueName, jobs, oldestReadyMs: oldest.get(queueName) };
  });
}
