/**
 * Enqueueing: single jobs by some callers at once, and 1,000 a call.
 *
 * @module
 */
import { JobQueue } from "../../mod.ts";
import { standingOf } from "./checked.ts";
import { type EnqueuePlan, type EnqueueRates, measureRates } from "./enqueue_rates.ts";
import { openStore } from "./open_store.ts";
import { enqueueMany, type Trivial, trivialPayload, type TrivialQueue } from "./trivial.ts";

/** What to enqueue, and where. */
export interface Enqueueing extends EnqueuePlan {
  readonly address: string;
}

/** Enqueues in all these ways. */
export async function enqueue({ address, ...plan }: Enqueueing): Promise<EnqueueRates> {
  await using queue = new JobQueue<{ trivial: Trivial }>({ store: await openStore(address) });
  return await measureRates(plan, {
    singly: (callers, forMs) => rate(queue, () => enqueueSingly(queue, callers, forMs)),
    inBulk: (jobs) => rate(queue, () => enqueueMany(queue, jobs)),
  });
}

/** Callers that wait for each answer before they enqueue the next job. */
async function enqueueSingly(queue: TrivialQueue, callers: number, forMs: number): Promise<number> {
  const ids = new Set<string>();
  let n = 0;
  const endsAt = performance.now() + forMs;
  const call = async () => {
    while (performance.now() < endsAt) {
      const options = { correlationId: `order-${n}` };
      const { id } = await queue.enqueue("trivial", trivialPayload(n++), options);
      ids.add(id);
    }
  };
  await Promise.all(Array.from({ length: callers }, call));
  return ids.size;
}

/** How many jobs a second some work enqueued; the store must have each of them. */
async function rate(queue: TrivialQueue, work: () => Promise<number>): Promise<number> {
  const before = (await standingOf(queue)).ready ?? 0;
  const startedAt = performance.now();
  const enqueued = await work();
  const seconds = (performance.now() - startedAt) / 1_000;
  const stored = ((await standingOf(queue)).ready ?? 0) - before;
  if (stored !== enqueued) throw new Error(`${enqueued} jobs must be stored: got ${stored}`);
  return enqueued / seconds;
}
