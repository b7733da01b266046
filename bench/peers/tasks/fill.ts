/**
 * Putting jobs into a queue, 1,000 a call.
 *
 * @module
 */
import process from "node:process";
import { type Trivial, trivialPayload } from "../../measured/trivial.ts";
import type { OpenQueue } from "../contender.ts";
import type { Surroundings } from "./surroundings.ts";

/** Which jobs, and how. */
export interface Fill {
  /** Up to which number. */
  readonly jobs: number;
  /** The number of the first one. Default 0. */
  readonly first?: number;
  /** Whether they are for later. Default false. */
  readonly isScheduled?: boolean;
  /** By how many callers at once they are enqueued one by one, rather than 1,000 a call. */
  readonly callers?: number;
}

/** What it took. */
export interface Filled {
  readonly jobsPerSecond: number;
  /** Milliseconds of CPU of this process for 1,000 jobs, with their spans sent. */
  readonly cpuMs: number;
}

/** Fills it. The store must have each of the jobs. */
export async function fill(
  queue: OpenQueue,
  { jobs, first = 0, isScheduled = false, callers }: Fill,
  { flush }: Pick<Surroundings, "flush">,
): Promise<Filled> {
  const before = await queue.unfinished();
  const cpuBefore = process.cpuUsage();
  const startedAt = performance.now();
  if (callers === undefined) {
    const enqueue = isScheduled ? queue.schedule : queue.enqueueMany;
    for (const payloads of batches(first, jobs)) await enqueue(payloads);
  } else await enqueueSingly(queue, jobs, callers);
  const seconds = (performance.now() - startedAt) / 1_000;
  await flush();
  const { user, system } = process.cpuUsage(cpuBefore);
  const stored = await queue.unfinished() - before;
  if (stored !== jobs - first) {
    throw new Error(`${jobs - first} jobs must be stored: got ${stored}`);
  }
  return { jobsPerSecond: jobs / seconds, cpuMs: (user + system) / jobs };
}

async function enqueueSingly(
  queue: OpenQueue,
  jobs: number,
  callers: number,
): Promise<void> {
  let n = 0;
  const call = async () => {
    while (n < jobs) await queue.enqueueOne(trivialPayload(n++));
  };
  await Promise.all(Array.from({ length: callers }, call));
}

function* batches(first: number, end: number): Generator<readonly Trivial[]> {
  for (let begin = first; begin < end; begin += 1_000) {
    const length = Math.min(1_000, end - begin);
    yield Array.from({ length }, (_, i) => trivialPayload(begin + i));
  }
}
