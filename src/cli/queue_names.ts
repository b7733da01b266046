/**
 * Names of queues that were perhaps meant.
 *
 * @module
 */
import { nearestName } from "../job/checks.ts";
import type { JobQueue } from "../queue/queue.ts";
import { printable } from "./text/width.ts";

/** The nearest name of a queue that has jobs, where the queue with this name has none. */
export async function nearestQueueName(
  queue: JobQueue,
  name: string,
): Promise<string | undefined> {
  // Counts can take long, and most names are right.
  const { jobs } = await queue.find({ queueName: name, limit: 1, include: [] });
  if (jobs.length > 0) return undefined;
  const counts = await queue.store.counts();
  const nearest = nearestName(name, counts.map(({ queueName }) => queueName));
  return nearest && printable(nearest);
}
