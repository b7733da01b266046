/**
 * One drain: a fresh place, filled by one process and drained by another.
 *
 * @module
 */
import type { Contender } from "../contender.ts";
import { measure } from "../measure.ts";
import type { Bench } from "../section.ts";
import type { Drained } from "../tasks/drain.ts";
import type { Filled } from "../tasks/fill.ts";

/** What is drained, and how. */
export interface DrainSettings {
  readonly jobs: number;
  readonly concurrency: number | undefined;
  /** Whether each job fails when it runs for the first time. Default false. */
  readonly failsOnce?: boolean;
  /** About how many bytes each carries, and how many are enqueued in a call. */
  readonly heavy?: { readonly bytes: number; readonly perCall: number };
}

/** What it took to fill the place and to drain it. */
export interface FilledAndDrained extends Drained {
  /** Nothing where the process that drains it fills it. */
  readonly filled: Filled | undefined;
}

/** Fills and drains. What lives in memory is filled by the process that drains it. */
export async function drainFilled(
  { servers }: Bench,
  contender: Contender,
  { jobs, concurrency, failsOnce = false, heavy }: DrainSettings,
): Promise<FilledAndDrained> {
  await using place = await servers.placeFor(contender);
  const { address, serverPid } = place;
  const open = { address, concurrency, isTraced: false };
  const isFilledHere = contender.home === "memory";
  const filling = { jobs, isFallible: failsOnce, ...heavy };
  const filled = isFilledHere ? undefined : await measure(contender, open, "fill", filling);
  if (!isFilledHere) await place.settle();
  const draining = { jobs, serverPid, failsOnce, isFilledHere };
  return { ...await measure(contender, open, "drain", draining), filled };
}
