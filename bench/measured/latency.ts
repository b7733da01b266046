/**
 * How long a job takes from the call that enqueues it to its start, when nothing else is to be done.
 *
 * @module
 */
import { setTimeout } from "node:timers/promises";
import { JobQueue } from "../../mod.ts";
import { checkDrained, Runs, standingOf } from "./checked.ts";
import type { Signals } from "./signals.ts";
import { openStore } from "./open_store.ts";

/** Where jobs come from one by one, and how many. */
export interface OneByOne {
  readonly address: string;
  readonly jobs: number;
}

type StampedQueue = JobQueue<{ stamped: { n: number; at: number } }>;

const PAUSE_MS = 10;
const LONGEST_MS = 30_000;

/** What each job took, in ms, in the process that enqueues it. */
export async function latency({ address, jobs }: OneByOne): Promise<readonly number[]> {
  await using queue: StampedQueue = new JobQueue({ store: await openStore(address) });
  return await takeTimes(queue, jobs, () => enqueueStamped(queue, jobs));
}

/** What each job took, in ms, while `enqueueElsewhere` runs in another process. */
export async function latencyElsewhere(
  { address, jobs }: OneByOne,
  { ready }: Signals,
): Promise<readonly number[]> {
  await using queue: StampedQueue = new JobQueue({ store: await openStore(address) });
  return await takeTimes(queue, jobs, ready);
}

/** Enqueues for a worker in another process. */
export async function enqueueElsewhere({ address, jobs }: OneByOne): Promise<void> {
  await using queue: StampedQueue = new JobQueue({ store: await openStore(address) });
  await enqueueStamped(queue, jobs);
}

async function takeTimes(
  queue: StampedQueue,
  jobs: number,
  begin: () => void | Promise<void>,
): Promise<readonly number[]> {
  const runs = new Runs(jobs);
  const took: number[] = [];
  const all = new AbortController();
  const worker = queue.worker("stamped", ({ payload: { n, at } }) => {
    runs.count(n);
    if (took.push(now() - at) === jobs) all.abort();
  });
  const running = worker.run();
  await begin();
  await setTimeout(LONGEST_MS, undefined, { signal: all.signal }).catch(() => {});
  await worker.stop();
  await running;
  runs.check();
  checkDrained({ ready: jobs }, await standingOf(queue));
  return took;
}

async function enqueueStamped(queue: StampedQueue, jobs: number): Promise<void> {
  for (let n = 0; n < jobs; n++) {
    await setTimeout(PAUSE_MS);
    await queue.enqueue("stamped", { n, at: now() });
  }
}

/** The same clock in every process of a machine. */
function now(): number {
  return performance.timeOrigin + performance.now();
}
