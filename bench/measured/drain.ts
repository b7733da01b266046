/**
 * Draining: one worker, from its first claim until the last outcome is recorded.
 *
 * @module
 */
import process from "node:process";
import { JobQueue } from "../../mod.ts";
import { checkDrained, Runs, standingOf } from "./checked.ts";
import { openStore } from "./open_store.ts";
import { enqueueMany, type Trivial } from "./trivial.ts";

/** What to drain. */
export interface Drain {
  readonly address: string;
  readonly jobs: number;
  readonly concurrency: number;
}

/** What it took. */
export interface Drained {
  readonly jobsPerSecond: number;
  /** Milliseconds of CPU of this process for 1,000 jobs. */
  readonly cpuMs: number;
  /** Megabytes of memory that this process has afterwards. */
  readonly memoryMb: number;
}

/** Drains jobs that are there; a store in memory is filled first. */
export async function drain({ address, jobs, concurrency }: Drain): Promise<Drained> {
  await using queue = new JobQueue<{ trivial: Trivial }>({ store: await openStore(address) });
  if (address === "memory") await enqueueMany(queue, jobs);
  const runs = new Runs(jobs);
  const worker = queue.worker("trivial", ({ payload }) => runs.count(payload.n), { concurrency });
  const before = await standingOf(queue);

  const [startedAt, cpuBefore] = [performance.now(), process.cpuUsage()];
  await worker.tick();
  const seconds = (performance.now() - startedAt) / 1_000;
  const { user, system } = process.cpuUsage(cpuBefore);
  const memory = process.memoryUsage().rss;

  runs.check();
  checkDrained(before, await standingOf(queue));
  return {
    jobsPerSecond: jobs / seconds,
    cpuMs: (user + system) / jobs,
    memoryMb: memory / 1_000_000,
  };
}
