/**
 * Draining: one worker, from the start of the first job to the start of the last. CPU time is counted
 * until every outcome is recorded.
 *
 * @module
 */
import process from "node:process";
import { Runs } from "../../measured/checked.ts";
import type { OpenQueue } from "../contender.ts";
import { serverCpuMs } from "../../setting/cpu_time.ts";
import { fill } from "./fill.ts";
import { inTime } from "./in_time.ts";
import type { Surroundings } from "./surroundings.ts";

/** What to drain. */
export interface Drain {
  readonly jobs: number;
  /** Whether the jobs are enqueued first, by the same process. Default false. */
  readonly isFilledHere?: boolean;
  readonly serverPid?: number | undefined;
}

/** What it took. */
export interface Drained {
  readonly jobsPerSecond: number;
  /** Milliseconds of CPU of this process for 1,000 jobs. */
  readonly workerCpuMs: number;
  /** Milliseconds of CPU of the server for 1,000 jobs. */
  readonly serverCpuMs: number;
  /** Megabytes of memory that this process has afterwards. */
  readonly memoryMb: number;
}

/** Drains the jobs that are there. Each must run once, and none of them may be left. */
export async function drain(
  queue: OpenQueue,
  { jobs, serverPid, isFilledHere = false }: Drain,
  { flush }: Surroundings,
): Promise<Drained> {
  if (isFilledHere) await fill(queue, { jobs }, { flush });
  const others = await queue.unfinished() - jobs;
  const runs = new Runs(jobs);
  const all = Promise.withResolvers<void>();
  const server = () => serverPid === undefined ? 0 : serverCpuMs(serverPid);
  let count = 0;
  let [startedAt, endedAt, serverBefore] = [0, 0, 0];
  let before = process.cpuUsage();
  const stop = await queue.work(({ n }) => {
    if (count === 0) {
      [serverBefore, before, startedAt] = [
        server(),
        process.cpuUsage(),
        performance.now(),
      ];
    }
    runs.count(n);
    if (++count !== jobs) return;
    endedAt = performance.now();
    all.resolve();
  });
  await inTime(all.promise, () => `${jobs} jobs must run: got ${count}`);
  await stop();
  await flush();
  const { user, system } = process.cpuUsage(before);
  const serverMs = server() - serverBefore;
  const memory = process.memoryUsage().rss;
  runs.check();
  await untilRecorded(async () => await queue.unfinished() - others);
  return {
    jobsPerSecond: jobs / (endedAt - startedAt) * 1_000,
    workerCpuMs: (user + system) / jobs,
    serverCpuMs: serverMs / jobs * 1_000,
    memoryMb: memory / 1_000_000,
  };
}

/** A worker may stop before its last outcome is recorded; then that is on its way. */
async function untilRecorded(unfinished: () => Promise<number>): Promise<void> {
  const giveUpAt = performance.now() + 5_000;
  for (let left = await unfinished(); left !== 0; left = await unfinished()) {
    if (performance.now() > giveUpAt) {
      throw new Error(
        `Every outcome must be recorded: got ${left} unfinished jobs`,
      );
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
