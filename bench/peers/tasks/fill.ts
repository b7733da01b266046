/**
 * Putting jobs into a queue, 1,000 a call.
 *
 * @module
 */
import process from "node:process";
import { heavyPayload, type Trivial, trivialPayload } from "../../measured/trivial.ts";
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
  /** Whether they are tried again at once when they fail. Default false. */
  readonly isFallible?: boolean;
  /** About how many bytes each carries. Default: as few as it needs. */
  readonly bytes?: number;
  /** How many are enqueued in a call. Default 1,000. */
  readonly perCall?: number;
  /** By how many callers at once they are enqueued one by one, rather than many a call. */
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
  fill: Fill,
  { flush }: Pick<Surroundings, "flush">,
): Promise<Filled> {
  const { jobs, first = 0, callers } = fill;
  const before = await queue.unfinished();
  const cpuBefore = process.cpuUsage();
  const startedAt = performance.now();
  if (callers === undefined) {
    const enqueue = wayOf(queue, fill);
    for (const payloads of batches(fill)) await enqueue(payloads);
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

function wayOf(
  queue: OpenQueue,
  { isScheduled = false, isFallible = false }: Fill,
): (payloads: readonly Trivial[]) => Promise<unknown> {
  if (isScheduled) return queue.schedule;
  return isFallible ? queue.enqueueFallible : queue.enqueueMany;
}

function* batches(
  { first = 0, jobs: end, perCall = 1_000, bytes }: Fill,
): Generator<readonly Trivial[]> {
  for (let begin = first; begin < end; begin += perCall) {
    const length = Math.min(perCall, end - begin);
    yield Array.from(
      { length },
      (_, i) => bytes === undefined ? trivialPayload(begin + i) : heavyPayload(begin + i, bytes),
    );
  }
}
