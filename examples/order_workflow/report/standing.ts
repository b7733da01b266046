/** How the jobs of some queues stand. */
import type { JobQueue } from "../../../mod.ts";
import type { Queues } from "../queues.ts";

export interface Standing {
  readonly completed: number;
  readonly failed: number;
  readonly cancelled: number;
  /** Jobs that have not ended. */
  readonly left: number;
}

/** Counts the jobs of all queues that the workers work for. */
export async function standingOf(
  queue: JobQueue<Queues>,
  workers: readonly { readonly queueName: string }[],
): Promise<Standing> {
  const names = new Set(workers.map(({ queueName }) => queueName));
  const standing = { completed: 0, failed: 0, cancelled: 0, left: 0 };
  // The file may hold other queues too, which nobody here works for.
  for (const { queueName, jobs, unfinished } of (await queue.stats()).queues) {
    if (!names.has(queueName)) continue;
    standing.completed += jobs.completed;
    standing.failed += jobs.failed;
    standing.cancelled += jobs.cancelled;
    standing.left += unfinished;
  }
  return standing;
}
