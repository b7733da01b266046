/**
 * Draining: one worker, from the start of the first job to the start of the last. CPU time is counted
 * until every outcome is recorded.
 *
 * @module
 */
import process from "node:process";
import { setTimeout } from "node:timers/promises";
import { Runs } from "../../measured/checked.ts";
import type { OpenQueue } from "../contender.ts";
import { serverCpuMs } from "../../setting/cpu_time.ts";
import { untilNoneLeft } from "./expect_none_left.ts";
import { fill } from "./fill.ts";
import { inTime } from "./in_time.ts";
import type { Surroundings } from "./surroundings.ts";

/** What to drain. */
export interface Drain {
  readonly jobs: number;
  /** How long a job takes, in ms. Default: nothing. */
  readonly jobMs?: number;
  /** Whether each job fails when it runs for the first time. Default false. */
  readonly failsOnce?: boolean;
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

/** Drains the jobs that are there. Each must run to its end once, and none of them may be left. */
export async function drain(
  queue: OpenQueue,
  { jobs, serverPid, jobMs, failsOnce = false, isFilledHere = false }: Drain,
  { flush }: Surroundings,
): Promise<Drained> {
  if (isFilledHere) await fill(queue, { jobs }, { flush });
  const others = await queue.unfinished() - jobs;
  const runs = new Runs(jobs);
  const all = Promise.withResolvers<void>();
  const server = () => serverPid === undefined ? 0 : serverCpuMs(serverPid);
  const failed = new Uint8Array(failsOnce ? jobs : 0);
  let count = 0;
  let hasBegun = false;
  let [startedAt, endedAt, serverBefore] = [0, 0, 0];
  let before = process.cpuUsage();
  const stop = await queue.work(({ n }) => {
    if (!hasBegun) {
      hasBegun = true;
      [serverBefore, before, startedAt] = [
        server(),
        process.cpuUsage(),
        performance.now(),
      ];
    }
    if (failed[n] === 0) {
      failed[n] = 1;
      throw new Error("It fails when it runs for the first time");
    }
    runs.count(n);
    if (++count === jobs) {
      endedAt = performance.now();
      all.resolve();
    }
    return jobMs === undefined ? undefined : setTimeout(jobMs);
  }, { canFail: failsOnce });
  await inTime(all.promise, () => `${jobs} jobs must run: got ${count}`);
  await stop();
  await flush();
  const { user, system } = process.cpuUsage(before);
  const serverMs = server() - serverBefore;
  const memory = process.memoryUsage().rss;
  runs.check();
  await untilNoneLeft(queue, { others });
  return {
    jobsPerSecond: jobs / (endedAt - startedAt) * 1_000,
    workerCpuMs: (user + system) / jobs,
    serverCpuMs: serverMs / jobs * 1_000,
    memoryMb: memory / 1_000_000,
  };
}
