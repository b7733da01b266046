/**
 * Enqueueing in every way that is measured: single jobs by some callers at once, and 1,000 a call.
 *
 * @module
 */

/** How much to enqueue. */
export interface EnqueuePlan {
  /** How many callers there are, one measurement after the other. */
  readonly callers: readonly number[];
  /** How long they enqueue. */
  readonly forMs: number;
  /** How many jobs are enqueued 1,000 a call. */
  readonly bulk: number;
}

/** Jobs stored in a second: by each number of callers, and in bulk. */
export interface EnqueueRates {
  readonly single: readonly number[];
  readonly bulk: number;
}

/** Jobs a second of each way of enqueueing. */
export interface WaysToEnqueue {
  /** Callers that each wait for an answer before the next call. */
  readonly singly: (callers: number, forMs: number) => Promise<number>;
  /** One caller, with 1,000 jobs a call. */
  readonly inBulk: (jobs: number) => Promise<number>;
}

/** Enqueues in all these ways, after some that do not count. */
export async function measureRates(
  { callers, forMs, bulk }: EnqueuePlan,
  { singly, inBulk }: WaysToEnqueue,
): Promise<EnqueueRates> {
  await singly(16, forMs / 2);
  const single: number[] = [];
  for (const count of callers) single.push(await singly(count, forMs));
  return { single, bulk: await inBulk(bulk) };
}
