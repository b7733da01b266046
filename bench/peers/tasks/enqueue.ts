/**
 * Enqueueing single jobs, by some callers at once that each wait for an answer before the next call,
 * and many jobs in a call.
 *
 * @module
 */
import { type EnqueuePlan, type EnqueueRates, measureRates } from "../../measured/enqueue_rates.ts";
import { trivialPayload } from "../../measured/trivial.ts";
import type { OpenQueue } from "../contender.ts";
import { fill } from "./fill.ts";
import type { Surroundings } from "./surroundings.ts";

/** Enqueues in all these ways. */
export async function enqueue(
  queue: OpenQueue,
  plan: EnqueuePlan,
  surroundings: Surroundings,
): Promise<EnqueueRates> {
  return await measureRates(plan, {
    singly: (callers, forMs) => singly(queue, callers, forMs),
    inBulk: async (jobs) => (await fill(queue, { jobs }, surroundings)).jobsPerSecond,
  });
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
