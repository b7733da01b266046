/**
 * How long a job takes from the call that enqueues it to its start, when nothing else is to be done:
 * the times of both, to be compared by who started these tasks.
 *
 * @module
 */
import process from "node:process";
import { setTimeout } from "node:timers/promises";
import { Runs } from "../../measured/checked.ts";
import { trivialPayload } from "../../measured/trivial.ts";
import type { OpenQueue } from "../contender.ts";
import { inTime } from "./in_time.ts";
import type { Surroundings } from "./surroundings.ts";

/** Jobs that come one by one. */
export interface OneByOne {
  readonly jobs: number;
}

/** When each job was enqueued or started, in ms, by a clock that all processes share. */
export type Times = readonly number[];

const PAUSE_MS = 20;

/** Works, and takes the time of each start. */
export async function takeStarts(
  queue: OpenQueue,
  { jobs }: OneByOne,
  { ready }: Surroundings,
): Promise<Times> {
  const runs = new Runs(jobs);
  const times = new Array<number>(jobs);
  const all = Promise.withResolvers<void>();
  let count = 0;
  const stop = await queue.work(({ n }) => {
    times[n] = now();
    runs.count(n);
    if (++count === jobs) all.resolve();
  });
  // Until it listens and has nothing more to set up.
  await setTimeout(500);
  ready();
  await inTime(all.promise, () => `${jobs} jobs must run: got ${count}`);
  await stop();
  runs.check();
  return times;
}

/** Enqueues, and takes the time of each call. */
export async function takeCalls(
  queue: OpenQueue,
  { jobs }: OneByOne,
): Promise<Times> {
  const times: number[] = [];
  for (let n = 0; n < jobs; n++) {
    await setTimeout(PAUSE_MS);
    times.push(now());
    await queue.enqueueOne(trivialPayload(n));
  }
  return times;
}

/** Does both in one process, and gives what each job took. */
export async function latencyWithin(
  queue: OpenQueue,
  options: OneByOne,
  surroundings: Surroundings,
): Promise<Times> {
  const calls = Promise.withResolvers<Times>();
  const ready = () => calls.resolve(takeCalls(queue, options));
  const starts = await takeStarts(queue, options, { ...surroundings, ready });
  return between(await calls.promise, starts);
}

/** What each job took. */
export function between(calls: Times, starts: Times): Times {
  return starts.map((start, n) => start - calls[n]!);
}

/** The same clock in every process of a machine, in ms. */
export function now(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
