/**
 * Working beside other processes, each of which gets a part of the jobs.
 *
 * @module
 */
import type { OpenQueue } from "../contender.ts";
import { untilNoneLeft } from "./expect_none_left.ts";
import { now } from "./latency.ts";
import type { Surroundings } from "./surroundings.ts";

/** What a process got. */
export interface Share {
  /** The numbers of its jobs. */
  readonly ran: readonly number[];
  /** When its first and its last one ran, in ms, by a clock that all processes share. */
  readonly firstAt: number;
  readonly lastAt: number;
}

/** Works until it is told that all is done. */
export async function workUntilTold(
  queue: OpenQueue,
  _options: object,
  { ready, told }: Surroundings,
): Promise<Share> {
  const ran: number[] = [];
  let [firstAt, lastAt] = [Infinity, 0];
  const stop = await queue.work(({ n }) => {
    lastAt = now();
    if (ran.length === 0) firstAt = lastAt;
    ran.push(n);
  });
  ready();
  await told();
  await stop();
  return { ran, firstAt, lastAt };
}

/** Waits until nothing is left to be done. */
export async function waitForTheEnd(
  queue: OpenQueue,
  { longestMs = 100_000 }: { readonly longestMs?: number },
): Promise<void> {
  await untilNoneLeft(queue, { longestMs, pauseMs: 250 });
}
