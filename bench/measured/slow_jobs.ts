/**
 * Jobs that take their time, worked off beside other processes.
 *
 * @module
 */
import { setTimeout } from "node:timers/promises";
import { JobQueue } from "../../mod.ts";
import type { Signals } from "./signals.ts";
import { openStore } from "./open_store.ts";

/** Where to work, and how many jobs at once. */
export interface SlowWork {
  readonly address: string;
  readonly concurrency: number;
}

/** A job that waits for so long. */
export interface Slow {
  readonly n: number;
  readonly ms: number;
}

/** One job's run, in ms since 1970. */
export interface Run extends Slow {
  /** By the store's clock, which is the machine's. */
  readonly claimedAt: number;
  readonly startedAt: number;
  readonly endedAt: number;
}

/** Works until it is stopped; gives every run. */
export async function workSlowly(
  { address, concurrency }: SlowWork,
  { ready, told }: Signals,
): Promise<readonly Run[]> {
  await using queue = new JobQueue<{ slow: Slow }>({ store: await openStore(address) });
  const runs: Run[] = [];
  const worker = queue.worker("slow", async ({ payload: { n, ms }, startedAt: claimedAt }) => {
    const startedAt = Date.now();
    if (ms > 0) await setTimeout(ms);
    runs.push({ n, ms, claimedAt: claimedAt!.getTime(), startedAt, endedAt: Date.now() });
  }, { concurrency });
  const running = worker.run();
  ready();
  await told();
  await worker.stop();
  await running;
  return runs;
}
