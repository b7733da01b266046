/**
 * pg-boss, with its own tracing over OpenTelemetry's API.
 *
 * @module
 */
import { setTimeout } from "node:timers/promises";
import { type ConstructorOptions, type Job, PgBoss, type WorkOptions } from "pg-boss";
import type { Trivial } from "../../measured/trivial.ts";
import {
  type Contender,
  type Handle,
  type OpenOptions,
  type OpenQueue,
  type Stop,
  timed,
  type Workflow,
} from "../contender.ts";
import { startStockTracing } from "./stock_tracing.ts";

const name = "trivial";

/** How one setting differs. */
interface Tuning {
  readonly work: (concurrency: number | undefined) => WorkOptions;
  readonly instance?: ConstructorOptions;
  /** Whether a job notifies its workers, which else poll. */
  readonly notify?: boolean;
  /** How long before it works, so that what it counts about its queues is there. */
  readonly settleMs?: number;
  /** Whether it looks for jobs whose dependencies have ended without pause. */
  readonly resolves?: boolean;
}

const inBatches: WorkOptions = {
  batchSize: 500,
  localConcurrency: 4,
  burstWhenBatchFull: true,
  pollingIntervalSeconds: 0.5,
};

/** As it ships: one job for each poll of each local worker. */
export const pgBossDefault: Contender = {
  name: "pg-boss, default",
  module: import.meta.url,
  settings: "defaults; localConcurrency is the concurrency",
  home: "postgres",
  open: (options) => open(options, { work: locally }),
};

/** Large batches, as fast as they are full. */
export const pgBossTuned: Contender = {
  name: "pg-boss, tuned",
  module: import.meta.url,
  settings: "batchSize 500, localConcurrency 4, burstWhenBatchFull, pollingIntervalSeconds 0.5, " +
    "whatever the concurrency; perJobResults where jobs fail",
  home: "postgres",
  startTracing: startStockTracing,
  open: (options) => open(options, { work: () => inBatches }),
};

/** A handler gets one job, as with the other libraries, and the next one at once. */
export const pgBossOneByOne: Contender = {
  name: "pg-boss, one job a call",
  module: import.meta.url,
  settings: "batchSize 1, localConcurrency is the concurrency, burstWhenReadyExceeds 1, 20 " +
    "connections; monitor, supervise and queueCacheIntervalSeconds 1, and it works after these",
  home: "postgres",
  open: (options) =>
    open(options, {
      work: (concurrency) => ({
        ...locally(concurrency),
        burstWhenReadyExceeds: 1,
        pollingIntervalSeconds: 0.5,
      }),
      instance: {
        max: 20,
        monitorIntervalSeconds: 1,
        superviseIntervalSeconds: 1,
        queueCacheIntervalSeconds: 1,
      },
      settleMs: 3_000,
    }),
};

/** Woken by notifications. */
export const pgBossNotified: Contender = {
  name: "pg-boss, notify",
  module: import.meta.url,
  settings: "useListenNotify, and notify for the queue; localConcurrency is the concurrency",
  home: "postgres",
  open: (options) => open(options, { work: locally, notify: true }),
};

/** Woken by notifications, with large batches. */
export const pgBossNotifiedTuned: Contender = {
  name: "pg-boss, tuned, notify",
  module: import.meta.url,
  settings: "as tuned; useListenNotify, and notify for the queue",
  home: "postgres",
  open: (options) => open(options, { work: () => inBatches, notify: true }),
};

/** With its jobs that wait for others looked for as often as it allows itself. */
export const pgBossFlows: Contender = {
  name: "pg-boss, tuned, flows",
  module: import.meta.url,
  settings: "as tuned; flowIntervalSeconds 1, the least",
  home: "postgres",
  workflows: "any",
  open: (options) => open(options, { work: () => inBatches, instance: { flowIntervalSeconds: 1 } }),
};

/** With its jobs that wait for others looked for by the application, without pause. */
export const pgBossResolved: Contender = {
  name: "pg-boss, tuned, resolveFlow",
  module: import.meta.url,
  settings: "as tuned; useListenNotify, and notify for the queue, with " +
    "notifyPollingIntervalSeconds 0.5; resolveFlow() again 10 ms after it has answered, and " +
    "notifyWorker() when it has found some",
  home: "postgres",
  workflows: "any",
  open: (options) =>
    open(options, {
      work: () => ({ ...inBatches, notifyPollingIntervalSeconds: 0.5 }),
      notify: true,
      resolves: true,
    }),
};

function locally(concurrency: number | undefined): WorkOptions {
  return concurrency === undefined ? {} : { localConcurrency: concurrency };
}

async function open(
  { address, isTraced, concurrency }: OpenOptions,
  { work, instance = {}, notify = false, settleMs = 0, resolves = false }: Tuning,
): Promise<OpenQueue> {
  const boss = new PgBoss({
    connectionString: address,
    useListenNotify: notify,
    openTelemetry: { enabled: isTraced, propagateContext: isTraced },
    ...instance,
  });
  boss.on("error", (error) => console.error(error));
  await boss.start();
  await boss.createQueue(name, { notify });
  const startAfter = 3_600;
  return {
    enqueueOne: (payload) => boss.send(name, payload),
    enqueueMany: (payloads) => boss.insert(name, payloads.map((data) => ({ data }))),
    enqueueFallible: (payloads) =>
      boss.insert(name, payloads.map((data) => ({ data, retryLimit: 2, retryDelay: 0 }))),
    enqueueWorkflow: (workflow) => boss.flow(flowOf(workflow)),
    schedule: (payloads) => boss.insert(name, payloads.map((data) => ({ data, startAfter }))),
    work: async (handle, { canFail = false } = {}) => {
      await setTimeout(settleMs);
      const options = work(concurrency);
      const id = canFail && options.batchSize !== undefined
        ? await boss.work<Trivial>(name, { ...options, perJobResults: true }, eachByItself(handle))
        : await boss.work<Trivial>(name, options, (jobs) => together(handle, jobs));
      if (resolves) boss.on("flow", () => boss.notifyWorker(id));
      const stopResolving = resolves ? resolveAgainAndAgain(boss) : undefined;
      return async () => {
        await stopResolving?.();
        await boss.offWork(name, { wait: true });
      };
    },
    claimInVain: (times) => timed(times, () => boss.fetch(name)),
    unfinished: async () => {
      const { rows } = await boss.getDb().executeSql(
        "select count(*)::integer from pgboss.job where name = $1 and state <> 'completed'",
        [name],
      );
      return rows[0].count;
    },
    close: () => boss.stop({ graceful: true, timeout: 10_000 }),
  };
}

/** The whole batch fails with one of its jobs. */
async function together(handle: Handle, jobs: readonly Job<Trivial>[]): Promise<void> {
  const waits: Promise<void>[] = [];
  for (const { data } of jobs) {
    const running = handle(data);
    if (running !== undefined) waits.push(running);
  }
  if (waits.length > 0) await Promise.all(waits);
}

/** Each job has an outcome of its own. */
function eachByItself(handle: Handle) {
  return (jobs: readonly Job<Trivial>[]) =>
    Promise.all(jobs.map(async ({ id, data }) => {
      try {
        await handle(data);
        return { id, status: "completed" as const };
      } catch (error) {
        return { id, status: "failed" as const, output: String(error) };
      }
    }));
}

function flowOf(workflow: Workflow) {
  return workflow.map(({ payload, after }, place) => ({
    ref: String(place),
    name,
    data: payload,
    ...after.length > 0 && { dependsOn: after.map(String) },
  }));
}

function resolveAgainAndAgain(boss: PgBoss): Stop {
  let isOver = false;
  const passes = (async () => {
    while (!isOver) {
      await boss.resolveFlow();
      await setTimeout(10);
    }
  })();
  return async () => {
    isOver = true;
    await passes;
  };
}
