/**
 * Enqueueing: single jobs by some callers at once, and 1,000 a call.
 *
 * @module
 */
import { JobQueue } from "../../mod.ts";
import { standingOf } from "./checked.ts";
import { openStore } from "./open_store.ts";
import { enqueueMany, type Trivial, trivialPayload, type TrivialQueue } from "./trivial.ts";

/** What to enqueue. */
export interface Enqueueing {
  readonly address: string;
  /** How many callers there are, one measurement after the other. */
  readonly callers: readonly number[];
  /** How long they enqueue. */
  readonly forMs: number;
  /** How many jobs are enqueued in bulk. */
  readonly bulk: number;
}

/** Jobs enqueued in a second: by each number of callers, and in bulk. */
export interface EnqueueRates {
  readonly single: readonly number[];
  readonly bulk: number;
}

/** Enqueues in all these ways. */
export async function enqueue(
  { address, callers, forMs, bulk }: Enqueueing,
): Promise<EnqueueRates> {
  await using queue = new JobQueue<{ trivial: Trivial }>({ store: await openStore(address) });
  const singly = (count: number, ms: number) => rate(queue, () => enqueueSingly(queue, count, ms));
  await singly(16, forMs / 2);
  const single: number[] = [];
  for (const count of callers) single.push(await singly(count, forMs));
  return { single, bulk: await rate(queue, () => enqueueMany(queue, bulk)) };
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
