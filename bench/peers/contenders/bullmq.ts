/**
 * BullMQ, on Redis and on its own backend for Postgres, with bullmq-otel for its tracing.
 *
 * @module
 */
import {
  type BackendClasses,
  type BulkJobOptions,
  createPostgresBackend,
  createRedisBackend,
  type DefaultJobOptions,
  type FlowJob,
  type FlowJobNode,
  type IQueueBackend,
  type PostgresPoolConfig,
  withBackend,
} from "bullmq";
import { BullMQOtel } from "bullmq-otel";
import type { Trivial } from "../../measured/trivial.ts";
import {
  type Contender,
  type OpenOptions,
  type OpenQueue,
  timed,
  type Workflow,
} from "../contender.ts";
import { startStockTracing } from "./stock_tracing.ts";

const name = "trivial";
const HOUR_MS = 3_600_000;

const onRedis = withBackend(createRedisBackend);
const onPostgres = withBackend(createPostgresBackend);

/** On Redis, as it ships. */
export const bullmqRedis: Contender = {
  name: "BullMQ on Redis, default",
  module: import.meta.url,
  settings: "defaults",
  home: "redis",
  startTracing: startStockTracing,
  workflows: "towards one",
  open: (options) => open(onRedis, { url: options.address }, options, {}),
};

/** On Redis, told to forget a job when it has completed. */
export const bullmqRedisTuned: Contender = {
  name: "BullMQ on Redis, tuned",
  module: import.meta.url,
  settings: "removeOnComplete",
  home: "redis",
  workflows: "towards one",
  open: (options) => open(onRedis, { url: options.address }, options, { removeOnComplete: true }),
};

/** On Redis as durable as Postgres is. */
export const bullmqRedisCareful: Contender = {
  name: "BullMQ on Redis, durable",
  module: import.meta.url,
  settings: "Redis: appendfsync always",
  home: "careful redis",
  workflows: "towards one",
  open: (options) => open(onRedis, { url: options.address }, options, {}),
};

/** On Redis, with the client told to send in one go what is asked in one turn. */
export const bullmqRedisPipelined: Contender = {
  name: "BullMQ on Redis, auto-pipelined",
  module: import.meta.url,
  settings: "ioredis: enableAutoPipelining",
  home: "redis",
  open: (options) =>
    open(onRedis, { url: options.address, enableAutoPipelining: true }, options, {}),
};

/** On Postgres, as it ships. */
export const bullmqPostgres: Contender = {
  name: "BullMQ on Postgres, default",
  module: import.meta.url,
  settings: "defaults",
  home: "postgres",
  workflows: "towards one",
  open: (options) => open(onPostgres, poolOf(options), options, {}),
};

/** On Postgres with a connection for each two jobs, told to forget a job when it has completed. */
export const bullmqPostgresTuned: Contender = {
  name: "BullMQ on Postgres, tuned",
  module: import.meta.url,
  settings: "removeOnComplete, 20 connections",
  home: "postgres",
  workflows: "towards one",
  open: (options) =>
    open(onPostgres, { ...poolOf(options), max: 20 }, options, {
      removeOnComplete: true,
    }),
};

function poolOf({ address }: OpenOptions): PostgresPoolConfig {
  return { connectionString: address, migrate: true };
}

async function open<Backend extends IQueueBackend, Connection>(
  { Queue, Worker, FlowProducer }: BackendClasses<Backend, Connection>,
  connection: Connection,
  { isTraced, concurrency }: OpenOptions,
  defaultJobOptions: DefaultJobOptions,
): Promise<OpenQueue> {
  const base = { connection, ...isTraced && { telemetry: new BullMQOtel() } };
  const queue = new Queue<Trivial>(name, { ...base, defaultJobOptions });
  queue.on("error", (error) => console.error(error));
  await queue.waitUntilReady();
  const makeWorker = (handle: ((payload: Trivial) => void) | undefined) => {
    const processor = handle && (({ data }: { data: Trivial }) => {
      return Promise.resolve(handle(data));
    });
    const options = { ...base, ...concurrency !== undefined && { concurrency } };
    return new Worker<Trivial>(name, processor, options);
  };
  const addAll = (payloads: readonly Trivial[], opts?: BulkJobOptions) =>
    queue.addBulk(payloads.map((data) => ({ name, data, ...opts && { opts } })));
  let flows: InstanceType<typeof FlowProducer> | undefined;
  const queuesOptions = { [name]: { defaultJobOptions } };
  return {
    enqueueOne: (payload) => queue.add(name, payload),
    enqueueMany: (payloads) => addAll(payloads),
    // Without a `backoff` it is tried again at once.
    enqueueFallible: (payloads) => addAll(payloads, { attempts: 3 }),
    enqueueWorkflow: (workflow) => {
      flows ??= new FlowProducer(base);
      return flows.add(treeOf(workflow), { queuesOptions });
    },
    schedule: (payloads) => addAll(payloads, { delay: HOUR_MS }),
    work: async (handle) => {
      const worker = makeWorker(handle);
      worker.on("error", (error) => console.error(error));
      await worker.waitUntilReady();
      return () => worker.close();
    },
    claimInVain: async (times) => {
      const worker = makeWorker(undefined);
      await worker.waitUntilReady();
      const took = await timed(times, () => worker.getNextJob("nobody", { block: false }));
      await worker.close();
      return took;
    },
    unfinished: () =>
      queue.getJobCountByTypes("waiting", "waiting-children", "active", "delayed", "failed"),
    close: async () => {
      await flows?.close();
      await queue.close();
    },
  };
}

/** A parent waits for its children here: the job that all others lead to is the root. */
function treeOf(workflow: Workflow): FlowJob {
  const nodeOf = ({ payload, after }: Workflow[number]): FlowJobNode => {
    const node = { name, queueName: name, data: payload };
    return after.length === 0
      ? node
      : { ...node, children: after.map((place) => nodeOf(workflow[place]!)) };
  };
  return nodeOf(workflow.at(-1)!);
}
