/**
 * Enqueueing single jobs, by some callers at once that each wait for an answer before the next call,
 * and many jobs in a call.
 *
 * @module
 */
import { trivialPayload } from "../../measured/trivial.ts";
import type { OpenQueue } from "../contender.ts";
import { fill } from "./fill.ts";
import type { Surroundings } from "./surroundings.ts";

/** What to enqueue. */
export interface Enqueueing {
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

/** Enqueues in all these ways. */
export async function enqueue(
  queue: OpenQueue,
  { callers, forMs, bulk }: Enqueueing,
  surroundings: Surroundings,
): Promise<EnqueueRates> {
  await singly(queue, 16, forMs / 2);
  const single: number[] = [];
  for (const count of callers) single.push(await singly(queue, count, forMs));
  return {
    single,
    bulk: (await fill(queue, { jobs: bulk }, surroundings)).jobsPerSecond,
  };
}

/** The rate of these callers. The store must have each of their jobs. */
async function singly(
  queue: OpenQueue,
  callers: number,
  forMs: number,
): Promise<number> {
  const before = await queue.unfinished();
  const startedAt = performance.now();
  let [called, answered] = [0, 0];
  const call = async () => {
    while (performance.now() - startedAt < forMs) {
      await queue.enqueueOne(trivialPayload(called++));
      answered++;
    }
  };
  await Promise.all(Array.from({ length: callers }, call));
  const seconds = (performance.now() - startedAt) / 1_000;
  const stored = await queue.unfinished() - before;
  if (stored !== answered) {
    throw new Error(`${answered} jobs must be stored: got ${stored}`);
  }
  return answered / seconds;
}
