/**
 * Putting jobs into a queue, 1,000 a call.
 *
 * @module
 */
import { type Trivial, trivialPayload } from "../../measured/trivial.ts";
import type { OpenQueue } from "../contender.ts";

/** How many. */
export interface Fill {
  readonly jobs: number;
  /** Whether they are for later. Default false. */
  readonly isScheduled?: boolean;
}

/** Fills it, and says how many jobs a second that was. */
export async function fill(
  queue: OpenQueue,
  { jobs, isScheduled = false }: Fill,
): Promise<{ readonly jobsPerSecond: number }> {
  const before = await queue.unfinished();
  const enqueue = isScheduled ? queue.schedule : queue.enqueueMany;
  const startedAt = performance.now();
  for (const payloads of batches(jobs)) await enqueue(payloads);
  const seconds = (performance.now() - startedAt) / 1_000;
  const stored = await queue.unfinished() - before;
  if (stored !== jobs) throw new Error(`${jobs} jobs must be stored: got ${stored}`);
  return { jobsPerSecond: jobs / seconds };
}

function* batches(jobs: number): Generator<readonly Trivial[]> {
  for (let first = 0; first < jobs; first += 1_000) {
    const length = Math.min(1_000, jobs - first);
    yield Array.from({ length }, (_, i) => trivialPayload(first + i));
  }
}
