/**
 * One drain: a fresh place, filled by one process and drained by another.
 *
 * @module
 */
import type { Contender } from "../contender.ts";
import { measure } from "../measure.ts";
import type { Bench } from "../section.ts";
import type { Drained } from "../tasks/drain.ts";

/** What is drained, and how. */
export interface DrainSettings {
  readonly jobs: number;
  readonly concurrency: number | undefined;
}

/** Fills and drains. What lives in memory is filled by the process that drains it. */
export async function drainFilled(
  { servers }: Bench,
  contender: Contender,
  { jobs, concurrency }: DrainSettings,
): Promise<Drained> {
  await using place = await servers.placeFor(contender);
  const { address, serverPid } = place;
  const open = { address, concurrency, isTraced: false };
  const isFilledHere = contender.home === "memory";
  if (!isFilledHere) {
    await measure(contender, open, "fill", { jobs });
    await place.settle();
  }
  return await measure(contender, open, "drain", { jobs, serverPid, isFilledHere });
}
