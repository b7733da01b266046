/**
 * hammerwork from this repository's source, with nothing but its concurrency set.
 *
 * @module
 */
import { job, JobQueue, type NewJob, type Store } from "../../../mod.ts";
import type { Trivial } from "../../measured/trivial.ts";
import {
  type Contender,
  type OpenOptions,
  type OpenQueue,
  type StartedTracing,
  timed,
  type Tracing,
  type Workflow,
} from "../contender.ts";

const name = "trivial";
const HOUR_MS = 3_600_000;
const backoff = { type: "fixed", delayMs: 0 } as const;
const asynchronous = "set_config('synchronous_commit', 'off', true)";

/** On Postgres, as it ships. */
export const hammerwork: Contender = {
  name: "hammerwork",
  module: import.meta.url,
  settings:
    "defaults; every job has a trace id and a correlation id, and is kept when it has ended",
  home: "postgres",
  workflows: "any",
  startTracing,
  open: (options) => openOn(openPostgres, options),
};

/** On Postgres, its worker's calls waiting for the disk too. */
export const hammerworkSynchronous: Contender = {
  name: "hammerwork, synchronous commits",
  module: import.meta.url,
  settings: "its functions in the server changed: synchronous_commit stays on for a worker's calls",
  home: "postgres",
  open: async (options) => {
    const queue = await openOn(openPostgres, options);
    await keepCommitsSynchronous(options.address);
    return queue;
  },
};

/** In a SQLite file: WAL, synchronous FULL. */
export const hammerworkSqlite: Contender = {
  name: "hammerwork, SQLite file",
  module: import.meta.url,
  settings: "defaults",
  home: "file",
  workflows: "any",
  open: (options) => openOn(openSqlite, options),
};

/** In memory. */
export const hammerworkMemory: Contender = {
  name: "hammerwork, memory",
  module: import.meta.url,
  settings: "defaults",
  home: "memory",
  open: (options) => openOn(openMemory, options),
};

async function startTracing(
  { ratio, endpoint }: Tracing,
): Promise<StartedTracing> {
  const { initTracing } = await import("../../../src/tracing.ts");
  const tracing = await initTracing({
    serviceName: "bench",
    otlpEndpoint: endpoint,
    samplingRatio: ratio,
    env: {},
  });
  return {
    flush: async () => {
      await tracing.forceFlush();
      if (tracing.droppedSpans === 0) return;
      throw new Error(`Every span must be sent: got ${tracing.droppedSpans} dropped`);
    },
  };
}

async function openPostgres(address: string): Promise<Store> {
  const { postgres } = await import("../../../src/store/postgres.ts");
  return await postgres(address) as unknown as Store;
}

/** No option does this: what is measured is what it would cost. */
async function keepCommitsSynchronous(address: string): Promise<void> {
  const { default: postgres } = await import("postgres");
  const sql = postgres(address, { max: 1, onnotice: () => {} });
  const functions = await sql`
    select pg_get_functiondef(oid) as definition from pg_proc
    where pronamespace = 'hammerwork'::regnamespace and prosrc like ${`%${asynchronous}%`}`;
  for (const { definition } of functions) {
    await sql.unsafe(definition.replaceAll(asynchronous, asynchronous.replace("off", "on")));
  }
  await sql.end();
}

async function openSqlite(address: string): Promise<Store> {
  const { sqlite } = await import("../../../src/store/sqlite.ts");
  return await sqlite(address);
}

async function openMemory(): Promise<Store> {
  const { memory } = await import("../../../mod.ts");
  return memory();
}

async function openOn(
  openStore: (address: string) => Promise<Store>,
  { address, concurrency }: OpenOptions,
): Promise<OpenQueue> {
  const store = await openStore(address);
  const queue = new JobQueue<{ [name]: Trivial }>({ store });
  const options = ({ n }: Trivial) => ({ correlationId: `order-${n}` });
  return {
    enqueueOne: (payload) => queue.enqueue(name, payload, options(payload)),
    enqueueMany: (payloads) =>
      queue.enqueue(payloads.map((payload) => job(name, payload, options(payload)))),
    enqueueFallible: (payloads) =>
      queue.enqueue(
        payloads.map((payload) => job(name, payload, { ...options(payload), backoff })),
      ),
    enqueueWorkflow: (workflow) => queue.enqueue(jobsOf(workflow)),
    schedule: (payloads) =>
      queue.enqueue(
        payloads.map((payload) => job(name, payload, { ...options(payload), delayMs: HOUR_MS })),
      ),
    work: (handle) => {
      const worker = queue.worker(name, ({ payload }) => handle(payload), { concurrency });
      const running = worker.run();
      return Promise.resolve(async () => {
        await worker.stop();
        await running;
      });
    },
    claimInVain: (times) => {
      const claims = [{ queueName: name, limit: concurrency ?? 10, leaseMs: 30_000 }];
      return timed(times, () => store.settleAndClaim({ settlements: [], claims }));
    },
    unfinished: async () => {
      const counts = await queue.store.counts();
      return counts.filter(({ status }) => status !== "completed")
        .reduce((sum, { count }) => sum + count, 0);
    },
    close: () => queue.close(),
  };
}

function jobsOf(workflow: Workflow): readonly NewJob<typeof name, Trivial>[] {
  const jobs: NewJob<typeof name, Trivial>[] = [];
  for (const { payload, after } of workflow) {
    const dependsOn = after.map((place) => jobs[place]!);
    jobs.push(job(name, payload, { correlationId: `order-${payload.n}`, dependsOn }));
  }
  return jobs;
}
