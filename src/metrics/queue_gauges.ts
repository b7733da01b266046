/**
 * The gauges of the depth of queues, and what they say of each.
 *
 * @module
 */
import {
  type BatchObservableCallback,
  type BatchObservableResult,
  type Meter,
  type Observable,
  ValueType,
} from "@opentelemetry/api";
import type { QueueDepth } from "../store/health.ts";

interface Gauges {
  readonly jobs: Observable;
  readonly oldestReadyAge: Observable;
}

/**
 * Puts the gauges on a meter, if there is one; `depths` is called at each collection.
 *
 * @returns What takes them off. Neither throws, whatever the meter does.
 */
export function addQueueGauges(
  meter: Meter | undefined,
  depths: () => Promise<readonly QueueDepth[]>,
): () => void {
  if (meter === undefined) return () => {};
  try {
    const gauges = makeGauges(meter);
    const callback: BatchObservableCallback = async (result) => {
      for (const depth of await depths()) observe(result, gauges, depth);
    };
    meter.addBatchObservableCallback(callback, Object.values(gauges));
    return () => remove(meter, gauges, callback);
  } catch {
    return () => {};
  }
}

function makeGauges(meter: Meter): Gauges {
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
  };
}

function observe(
  result: BatchObservableResult,
  { jobs, oldestReadyAge }: Gauges,
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
}

function remove(meter: Meter, gauges: Gauges, callback: BatchObservableCallback): void {
  try {
    meter.removeBatchObservableCallback(callback, Object.values(gauges));
  } catch {
    // The meter is being left either way.
  }
}
