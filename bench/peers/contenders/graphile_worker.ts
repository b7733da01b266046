/**
 * graphile-worker, which deletes a job when it has completed. It has no tracing.
 *
 * @module
 */
import { EventEmitter, once } from "node:events";
import {
  Logger,
  makeWorkerUtils,
  run,
  type RunnerOptions,
  type WorkerEvents,
} from "graphile-worker";
import pg from "pg";
import type { Trivial } from "../../measured/trivial.ts";
import { type Contender, noWorkflows, type OpenOptions, type OpenQueue } from "../contender.ts";

const task = "trivial";

/** As it ships. */
export const graphileDefault: Contender = {
  name: "graphile-worker, default",
  module: import.meta.url,
  settings: "defaults",
  home: "postgres",
  open: (options) => open(options, {}),
};

/** As its page on performance advises for many small jobs. */
export const graphileTuned: Contender = {
  name: "graphile-worker, tuned",
  module: import.meta.url,
  settings: "localQueue.size 1000, completeJobBatchDelay and failJobBatchDelay 250",
  home: "postgres",
  open: (options) =>
    open(options, {
      localQueue: { size: 1_000 },
      completeJobBatchDelay: 250,
      failJobBatchDelay: 250,
    }),
};

async function open(
  { address, concurrency }: OpenOptions,
  tuning: GraphileConfig.WorkerOptions,
): Promise<OpenQueue> {
  // Each job that completes would be a line.
  const logger = new Logger(() => () => {});
  const shared: RunnerOptions = {
    connectionString: address,
    logger,
    noHandleSignals: true,
    preset: { worker: tuning },
  };
  const tools = await makeWorkerUtils(shared);
  await tools.migrate();
  const add = (payloads: readonly Trivial[], runAt?: Date) =>
    tools.addJobs(
      payloads.map((payload) => ({ identifier: task, payload, ...runAt && { runAt } })),
    );
  return {
    enqueueOne: (payload) => tools.addJob(task, payload),
    enqueueMany: (payloads) => add(payloads),
    // Its wait before a retry, e ** attempts in seconds, is in its functions.
    enqueueFallible: (payloads) => add(payloads),
    enqueueWorkflow: noWorkflows,
    schedule: (payloads) => add(payloads, new Date(Date.now() + 3_600_000)),
    work: async (handle) => {
      const runner = await run({
        ...shared,
        ...concurrency !== undefined && { concurrency },
        taskList: { [task]: (payload) => handle(payload as Trivial) },
      });
      return async () => {
        await runner.stop();
        await runner.promise;
      };
    },
    claimInVain: (times) => watchPolls(shared, times),
    unfinished: async () => {
      const client = new pg.Client(address);
      await client.connect();
      const { rows } = await client.query("select count(*)::integer from graphile_worker.jobs");
      await client.end();
      return rows[0].count;
    },
    close: async () => void await tools.release(),
  };
}

/** It has no call for one claim, but reports each poll of a worker that finds nothing. */
async function watchPolls(options: RunnerOptions, times: number): Promise<readonly number[]> {
  const took: number[] = [];
  let startedAt = 0;
  const events: WorkerEvents = new EventEmitter();
  const ended = new EventEmitter();
  events.on("worker:getJob:start", () => void (startedAt = performance.now()));
  events.on("worker:getJob:empty", () => {
    took.push(performance.now() - startedAt);
    if (took.length === times) ended.emit("end");
  });
  const all = once(ended, "end");
  const taskList = { [task]: () => {} };
  const runner = await run({ ...options, events, concurrency: 1, pollInterval: 1, taskList });
  await all;
  await runner.stop();
  return took;
}
