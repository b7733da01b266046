import assert from "node:assert/strict";
import { setTimeout } from "node:timers/promises";
import type { JobQueue, JobStatus, Queues } from "../../mod.ts";

/** Waits until a queue's store holds this many jobs, and each of them is completed. */
export async function allCompleted<Q extends Queues>(
  queue: JobQueue<Q>,
  expected: number,
  withinMs: number,
): Promise<void> {
  const giveUpAt = performance.now() + withinMs;
  for (;;) {
    const counts = await countByStatus(queue);
    if (counts.completed === expected && Object.keys(counts).length === 1) return;
    assert.ok(
      performance.now() < giveUpAt,
      `Within ${withinMs} ms ${expected} jobs must be completed: ${JSON.stringify(counts)}`,
    );
    // Counting is work for the server too.
    await setTimeout(200);
  }
}

/** Waits until at least this many jobs are completed. */
export async function someCompleted<Q extends Queues>(
  queue: JobQueue<Q>,
  expected: number,
): Promise<void> {
  while (((await countByStatus(queue)).completed ?? 0) < expected) await setTimeout(20);
}

async function countByStatus<Q extends Queues>(
  queue: JobQueue<Q>,
): Promise<Partial<Record<JobStatus, number>>> {
  const sums: Partial<Record<JobStatus, number>> = {};
  for (const { status, count } of await queue.store.counts()) {
    sums[status] = (sums[status] ?? 0) + count;
  }
  return sums;
}
