/**
 * The depth of queues as a metric. Each collection queries the store, so it is opt-in.
 *
 * @module
 */
import {
  type BatchObservableCallback,
  type BatchObservableResult,
  diag,
  type Meter,
  type Observable,
  ValueType,
} from "@opentelemetry/api";
import { toJobError } from "../job/thrown.ts";
import type { Health, QueueDepth } from "../store/health.ts";
import type { Store } from "../store/store.ts";
import { checkInteger, checkOptionNames } from "../job/checks.ts";
import { longestTimerMs } from "../job/job_options.ts";
import { withTimeLimit } from "../timers.ts";
import { activeMeter, onMeterChange } from "./measure.ts";

/** How the depth of queues is observed. */
export interface QueueDepthOptions {
  /** How long a collection waits for the store, in ms; a later answer is dropped. Default 1,000. */
  readonly timeoutMs?: number | undefined;
}

/**
 * Reports the depth of every queue of a store, which is queried once per collection. There are three
 * gauges: `hammerwork.queue.jobs`, by queue and by `hammerwork.job.state` (`ready`, `running`,
 * `waiting`); `hammerwork.queue.oldest_ready_job.age` in seconds, 0 when no job is ready; and
 * `hammerwork.queue.paused`, 1 while the queue is paused, else 0. A queue that has become empty is
 * reported as 0. Every process that observes the same store reports the same
 * values, so observe it in one process; a sum over several counts each job several times.
 *
 * When the store fails or does not answer in time, that collection reports nothing, and a warning goes
 * to OpenTelemetry's `diag`. Call this after a meter provider is registered; a provider registered
 * later is found at the next enqueue or the next job in this process.
 *
 * ```ts
 * import { JobQueue, memory, observeQueueDepth } from "hammerwork";
 *
 * const queue = new JobQueue({ store: memory() });
 * const stopObserving = observeQueueDepth(queue, { timeoutMs: 500 });
 * stopObserving();
 * ```
 *
 * @returns a function that ends the reports.
 * @throws {RangeError} when `timeoutMs` is out of its range.
 * @throws {TypeError} when an option has another name.
 */
export function observeQueueDepth(
  queue: { readonly store: Pick<Store, "health"> },
  options: QueueDepthOptions = {},
): () => void {
  checkOptionNames("An observed queue depth", options, { timeoutMs: true });
  const timeoutMs = checkInteger("timeoutMs", options.timeoutMs ?? 1_000, 1, longestTimerMs);
  const readHealth = newHealthReader(queue.store, timeoutMs);
  const known = new Set<string>();
  const depths = async () => {
    const health = await readHealth();
    return health === undefined ? [] : withEmptyQueues(health.queues, known);
  };
  let removeGauges = addQueueGauges(activeMeter(), depths);
  const stopListening = onMeterChange((meter) => {
    removeGauges();
    removeGauges = addQueueGauges(meter, depths);
  });
  return () => {
    stopListening();
    removeGauges();
  };
}

/** Queries the store, but never twice at once: collections that overlap wait for the same answer. */
function newHealthReader(
  store: Pick<Store, "health">,
  timeoutMs: number,
): () => Promise<Health | undefined> {
  let query: Promise<Health> | undefined;
  return async () => {
    let answer: Health | undefined;
    try {
      query ??= store.health().finally(() => query = undefined);
      await withTimeLimit(timeoutMs, query.then((health) => answer = health));
      if (answer === undefined) warn(`the store did not answer within ${timeoutMs} ms`);
    } catch (error) {
      warn(toJobError(error).message);
    }
    return answer;
  };
}

function warn(problem: string): void {
  try {
    diag.warn(`The depth of the queues is unknown: ${problem}`);
  } catch {
    // A logger that throws must not keep other instruments from being collected.
  }
}

/** Adds the queues that had jobs before and have none now. */
function withEmptyQueues(depths: readonly QueueDepth[], known: Set<string>): readonly QueueDepth[] {
  const empty = new Set(known);
  for (const { queueName } of depths) {
    known.add(queueName);
    empty.delete(queueName);
  }
  const none = { ready: 0, running: 0, waiting: 0, oldestReadyMs: undefined };
  return [...depths, ...[...empty].map((queueName) => ({ queueName, ...none }))];
}

interface Gauges {
  readonly jobs: Observable;
  readonly oldestReadyAge: Observable;
  readonly paused: Observable;
}

/**
 * Adds the gauges to a meter, if there is one; `depths` is called at each collection.
 *
 * @returns a function that removes them. Neither throws, whatever the meter does.
 */
function addQueueGauges(
  meter: Meter | undefined,
  depths: () => Promise<readonly QueueDepth[]>,
): () => void {
  if (meter === undefined) return () => {};
  try {
    const gauges = newGauges(meter);
    const callback: BatchObservableCallback = async (result) => {
      for (const depth of await depths()) observe(result, gauges, depth);
    };
    meter.addBatchObservableCallback(callback, Object.values(gauges));
    return () => remove(meter, gauges, callback);
  } catch {
    return () => {};
  }
}

function newGauges(meter: Meter): Gauges {
  return {
    jobs: meter.createObservableGauge("hammerwork.queue.jobs", {
      description: "Number of jobs that have not ended.",
      unit: "{job}",
      valueType: ValueType.INT,
    }),
    oldestReadyAge: meter.createObservableGauge("hammerwork.queue.oldest_ready_job.age", {
      description: "Time since the oldest ready job became due.",
      unit: "s",
    }),
    paused: meter.createObservableGauge("hammerwork.queue.paused", {
      description: "Whether the queue is paused: 1 or 0.",
      unit: "{queue}",
      valueType: ValueType.INT,
    }),
  };
}

function observe(
  result: BatchObservableResult,
  { jobs, oldestReadyAge, paused }: Gauges,
  depth: QueueDepth,
): void {
  const attributes = {
    "messaging.system": "hammerwork",
    "messaging.destination.name": depth.queueName,
  };
  for (const state of ["ready", "running", "waiting"] as const) {
    result.observe(jobs, depth[state], { ...attributes, "hammerwork.job.state": state });
  }
  result.observe(oldestReadyAge, (depth.oldestReadyMs ?? 0) / 1_000, attributes);
  result.observe(paused, depth.pause === undefined ? 0 : 1, attributes);
}

function remove(meter: Meter, gauges: Gauges, callback: BatchObservableCallback): void {
  try {
    meter.removeBatchObservableCallback(callback, Object.values(gauges));
  } catch {
    // The meter is no longer used either way.
  }
}
