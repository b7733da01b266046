/**
 * pg-boss, with its own tracing over OpenTelemetry's API.
 *
 * @module
 */
import { PgBoss, type WorkOptions } from "pg-boss";
import type { Trivial } from "../../measured/trivial.ts";
import { type Contender, type OpenOptions, type OpenQueue, timed } from "../contender.ts";
import { startStockTracing } from "./stock_tracing.ts";

const name = "trivial";

/** How one setting differs. */
interface Tuning {
  readonly work: (concurrency: number | undefined) => WorkOptions;
  /** Whether a job notifies its workers, which else poll. */
  readonly notify?: boolean;
}

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
    "whatever the concurrency",
  home: "postgres",
  startTracing: startStockTracing,
  open: (options) =>
    open(options, {
      work: () => ({
        batchSize: 500,
        localConcurrency: 4,
        burstWhenBatchFull: true,
        pollingIntervalSeconds: 0.5,
      }),
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

function locally(concurrency: number | undefined): WorkOptions {
  return concurrency === undefined ? {} : { localConcurrency: concurrency };
}

async function open(
  { address, isTraced, concurrency }: OpenOptions,
  { work, notify = false }: Tuning,
): Promise<OpenQueue> {
  const boss = new PgBoss({
    connectionString: address,
    useListenNotify: notify,
    openTelemetry: { enabled: isTraced, propagateContext: isTraced },
  });
  boss.on("error", (error) => console.error(error));
  await boss.start();
  await boss.createQueue(name, { notify });
  const startAfter = 3_600;
  return {
    enqueueOne: (payload) => boss.send(name, payload),
    enqueueMany: (payloads) => boss.insert(name, payloads.map((data) => ({ data }))),
    schedule: (payloads) => boss.insert(name, payloads.map((data) => ({ data, startAfter }))),
    work: async (handle) => {
      await boss.work<Trivial>(name, work(concurrency), (jobs) => {
        for (const { data } of jobs) handle(data);
        return Promise.resolve();
      });
      return () => boss.offWork(name, { wait: true });
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
