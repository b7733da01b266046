/**
 * A steady load: jobs that come at a rate, some a call, whatever becomes of them.
 *
 * @module
 */
import { setTimeout } from "node:timers/promises";
import { trivialPayload } from "../../measured/trivial.ts";
import type { OpenQueue } from "../contender.ts";
import { between, now, takeStarts, type Times } from "./latency.ts";
import type { Surroundings } from "./surroundings.ts";
import { stamped } from "./watched_work.ts";

/** How many, and how many of them in a second. */
export interface SteadyLoad {
  readonly jobs: number;
  readonly perSecond: number;
}

const PAUSE_MS = 10;
const MOST_A_CALL = 1_000;

/** Enqueues what is due, in one call each time. Gives when the call of each job began. */
export async function offerSteadily(
  queue: OpenQueue,
  { jobs, perSecond }: SteadyLoad,
): Promise<Times> {
  const times: number[] = [];
  const startedAt = now();
  while (times.length < jobs) {
    await setTimeout(PAUSE_MS);
    const due = Math.min(jobs, Math.floor((now() - startedAt) / 1_000 * perSecond));
    const length = Math.min(MOST_A_CALL, due - times.length);
    if (length <= 0) continue;
    const first = times.length;
    times.push(...new Array<number>(length).fill(now()));
    await queue.enqueueMany(Array.from({ length }, (_, i) => trivialPayload(first + i)));
  }
  return times;
}

/** Offers and works in one process, and gives what each job took from its call to its start. */
export async function steadyWithin(
  queue: OpenQueue,
  load: SteadyLoad,
  surroundings: Surroundings,
): Promise<Times> {
  const calls = Promise.withResolvers<Times>();
  const ready = () => calls.resolve(offerSteadily(queue, load));
  const starts = await takeStarts(queue, load, { ...surroundings, ready });
  return between(await calls.promise, starts);
}

/** Enqueues at the rate until it is told to stop, and gives how many. Each job says when. */
export async function offerUntilTold(
  queue: OpenQueue,
  { perSecond }: Pick<SteadyLoad, "perSecond">,
  { ready, told }: Surroundings,
): Promise<number> {
  let isOver = false;
  let offered = 0;
  const startedAt = now();
  ready();
  const over = told().then(() => void (isOver = true));
  while (!isOver) {
    await setTimeout(PAUSE_MS);
    const due = Math.floor((now() - startedAt) / 1_000 * perSecond);
    const length = Math.min(MOST_A_CALL, due - offered);
    if (length <= 0) continue;
    const subject = stamped(now());
    const first = offered;
    offered += length;
    await queue.enqueueMany(
      Array.from({ length }, (_, i) => ({ ...trivialPayload(first + i), subject })),
    );
  }
  await over;
  return offered;
}
