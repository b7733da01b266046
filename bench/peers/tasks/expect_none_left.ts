/**
 * A look at whether everything has been done.
 *
 * @module
 */
import { setTimeout } from "node:timers/promises";
import type { OpenQueue } from "../contender.ts";

/** How long is waited. */
export interface Patience {
  /** How many other jobs there are, which stay. Default 0. */
  readonly others?: number;
  readonly longestMs?: number;
  readonly pauseMs?: number;
}

/** Throws when a job has not ended. */
export async function expectNoneLeft(
  queue: OpenQueue,
  _options: object,
): Promise<void> {
  const left = await queue.unfinished();
  if (left > 0) {
    throw new Error(`Every job must have ended: got ${left} unfinished ones`);
  }
}

/** A worker may stop before its last outcome is recorded; then that is on its way. */
export async function untilNoneLeft(
  queue: OpenQueue,
  { others = 0, longestMs = 5_000, pauseMs = 50 }: Patience = {},
): Promise<void> {
  const giveUpAt = performance.now() + longestMs;
  let left = await queue.unfinished() - others;
  while (left !== 0) {
    if (performance.now() > giveUpAt) {
      throw new Error(`Every outcome must be recorded: got ${left} unfinished jobs`);
    }
    await setTimeout(pauseMs);
    left = await queue.unfinished() - others;
  }
}
