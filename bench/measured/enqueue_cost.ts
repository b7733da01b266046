/**
 * Enqueueing in bulk, by itself.
 *
 * @module
 */
import { JobQueue } from "../../mod.ts";
import { openStore } from "./open_store.ts";
import { enqueueMany, type Trivial } from "./trivial.ts";

/** How many jobs are enqueued where, 1,000 a call. */
export interface EnqueueCost {
  readonly address: string;
  readonly jobs: number;
}

/** Enqueues, and gives jobs a second. */
export async function enqueueInBulk({ address, jobs }: EnqueueCost): Promise<number> {
  await using queue = new JobQueue<{ trivial: Trivial }>({ store: await openStore(address) });
  const startedAt = performance.now();
  const stored = await enqueueMany(queue, jobs);
  if (stored !== jobs) throw new Error(`${jobs} jobs must be stored: got ${stored}`);
  return 1_000 * jobs / (performance.now() - startedAt);
}
