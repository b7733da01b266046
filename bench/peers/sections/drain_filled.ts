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
  readonly isTraced?: boolean;
}

/** Fills and drains. */
export async function drainFilled(
  { servers }: Bench,
  contender: Contender,
  { jobs, concurrency, isTraced = false }: DrainSettings,
): Promise<Drained> {
  await using place = await servers.placeFor(contender);
  const open = { address: place.address, isTraced, concurrency };
  await measure(contender, open, "fill", { jobs });
  await place.settle();
  return await measure(contender, open, "drain", { jobs, serverPid: place.serverPid });
}
