/**
 * The instruments of the registered meter provider, by OpenTelemetry's semantic conventions for
 * messaging (1.44), and what they measure: calls of the store, and attempts. Without a registered
 * provider nothing is built and nothing is timed; what a meter throws does not leave this file.
 *
 * The metrics API has no proxy as tracing has: an instrument made before a provider is registered
 * stays silent forever. So the provider is looked up each time, and its instruments are kept as long
 * as it is the same.
 *
 * A worker records outcomes and claims jobs in one call of the store. Such a call is one operation,
 * named `settle_and_claim`, without a type: as a `settle` and a `receive` it and its time would be
 * counted twice. A call that only claims is a `receive`, one that only records is a `settle`.
 *
 * @module
 */
import {
  type Attributes,
  type Counter,
  createNoopMeter,
  type Histogram,
  type Meter,
  type MeterProvider,
  type MetricOptions,
  metrics,
  ValueType,
} from "@opentelemetry/api";
import { instrumentationScope } from "../instrumentation_scope.ts";
import type { AttemptOutcome } from "../job/outcomes.ts";
import { nameOfThrown } from "../job/thrown.ts";
import type { Claim, SettleAndClaimResult } from "../store/store.ts";

/** A record about one job. */
interface WithJob {
  readonly job: { readonly queueName: string };
}

type MeasuredOperation = "send" | "receive" | "settle" | "settle_and_claim" | "process";

/** Calls `add`, which adds jobs to the store: counts the jobs and measures the call. */
export function measureSend<T>(jobs: readonly WithJob[], add: () => Promise<T>): Promise<T> {
  const instruments = activeInstruments();
  if (instruments === undefined) return add();
  return measureCall(add, instruments, (seconds, errorType) => {
    const counts = countByQueue(jobs.map(({ job }) => job));
    instruments.operationDuration.record(
      seconds,
      durationAttributes("send", onlyName(counts.keys()), errorType),
    );
    for (const [queueName, count] of counts) {
      instruments.sent.add(count, attributesOf("send", queueName, errorType));
    }
  });
}

/** Calls `settleAndClaim`, one round trip of a worker to its store, and measures it. */
export function measureSettleAndClaim(
  finished: readonly WithJob[],
  claims: readonly Claim[],
  settleAndClaim: () => Promise<SettleAndClaimResult>,
): Promise<SettleAndClaimResult> {
  const instruments = activeInstruments();
  if (instruments === undefined) return settleAndClaim();
  return measureCall(settleAndClaim, instruments, (seconds, errorType) => {
    const queueNames = new Set(claims.map(({ queueName }) => queueName));
    for (const { job } of finished) queueNames.add(job.queueName);
    const operation = claims.length === 0
      ? "settle"
      : finished.length === 0
      ? "receive"
      : "settle_and_claim";
    instruments.operationDuration.record(
      seconds,
      durationAttributes(operation, onlyName(queueNames), errorType),
    );
  });
}

/**
 * Counts an attempt that begins, and for how long its job had been due, in ms. What was claimed and is
 * released unstarted reached no handler.
 */
export function measureStart(queueName: string, waitedMs: number): void {
  const instruments = activeInstruments();
  if (instruments === undefined) return;
  try {
    instruments.consumed.add(1, attributesOf("receive", queueName));
    instruments.waitDuration.record(Math.max(0, waitedMs) / 1_000, ofQueue(queueName));
    beginCounts(instruments, queueName);
  } catch {
    // The attempt runs all the same.
  }
}

/** Counts a job that has ended here, and will not run again unless somebody retries it. */
export function countEnded(queueName: string, status: EndedStatus): void {
  const instruments = activeInstruments();
  if (instruments === undefined) return;
  try {
    beginCounts(instruments, queueName);
    instruments.ended.add(1, { ...ofQueue(queueName), [STATUS]: status });
  } catch {
    // It has ended all the same.
  }
}

/** From the first job of a queue on each count is there, be it 0: a first failure is a rise. */
function beginCounts({ ended, queueNames }: Instruments, queueName: string): void {
  if (queueNames.has(queueName)) return;
  queueNames.add(queueName);
  for (const status of endedStatuses) {
    ended.add(0, { ...ofQueue(queueName), [STATUS]: status });
  }
}

type EndedStatus = "completed" | "failed" | "cancelled";
const endedStatuses: readonly EndedStatus[] = ["completed", "failed", "cancelled"];
const STATUS = "hammerwork.job.status";

function ofQueue(queueName: string): Attributes {
  return { "messaging.system": "hammerwork", "messaging.destination.name": queueName };
}

/** Records how long an attempt took, and what it failed with. */
export function measureAttempt(
  queueName: string,
  runMs: number,
  end: { readonly outcome: AttemptOutcome; readonly error?: unknown },
): void {
  const instruments = activeInstruments();
  if (instruments === undefined) return;
  try {
    const errorType = "error" in end ? errorTypeOf(end.error, instruments.errorTypes) : undefined;
    const attributes = attributesOf("process", queueName, errorType);
    instruments.processDuration.record(runMs / 1_000, attributes);
  } catch {
    // The attempt is over all the same.
  }
}

async function measureCall<T>(
  operation: () => Promise<T>,
  { errorTypes }: Instruments,
  record: (seconds: number, errorType: string | undefined) => void,
): Promise<T> {
  const startedAt = performance.now();
  const recordEnd = (errorType?: string) => {
    try {
      record((performance.now() - startedAt) / 1_000, errorType);
    } catch {
      // The store's answer is passed on all the same.
    }
  };
  let result: T;
  try {
    result = await operation();
  } catch (error) {
    recordEnd(errorTypeOf(error, errorTypes));
    throw error;
  }
  recordEnd();
  return result;
}

function attributesOf(
  operation: MeasuredOperation,
  queueName: string | undefined,
  errorType?: string,
): Attributes {
  const attributes: Attributes = {
    "messaging.system": "hammerwork",
    "messaging.operation.name": operation,
  };
  if (queueName !== undefined) attributes["messaging.destination.name"] = queueName;
  if (errorType !== undefined) attributes["error.type"] = errorType;
  return attributes;
}

/** Only durations have the operation's type too, where there is one. */
function durationAttributes(
  operation: MeasuredOperation,
  queueName: string | undefined,
  errorType: string | undefined,
): Attributes {
  const attributes = attributesOf(operation, queueName, errorType);
  if (operation !== "settle_and_claim") attributes["messaging.operation.type"] = operation;
  return attributes;
}

function countByQueue(jobs: readonly { readonly queueName: string }[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { queueName } of jobs) counts.set(queueName, (counts.get(queueName) ?? 0) + 1);
  return counts;
}

/** The name of the queue, if it is the same for all. */
function onlyName(queueNames: Iterable<string>): string | undefined {
  const [first, second] = queueNames;
  return second === undefined ? first : undefined;
}

const CLASS_NAME = /^[A-Za-z_$][\w$.]{0,99}$/;
const MAX_ERROR_TYPES = 100;

/**
 * The class of an error, as `error.type`. Each value is a time series of its own, and an error's name
 * may hold anything: so what is not a class name, and what would be the 101st class, is
 * OpenTelemetry's `_OTHER`. A new class is added to those known.
 */
function errorTypeOf(error: unknown, known: Set<string>): string {
  const name = nameOfThrown(error);
  if (known.has(name)) return name;
  if (known.size >= MAX_ERROR_TYPES || !CLASS_NAME.test(name)) return "_OTHER";
  known.add(name);
  return name;
}

/** The instruments of one meter. */
interface Instruments {
  /** Jobs that were sent to the store, successfully or not. */
  readonly sent: Counter;
  /** Attempts that began. */
  readonly consumed: Counter;
  /** Jobs that have ended, by how they did. */
  readonly ended: Counter;
  /** How long a job was due before an attempt of it began, in s. */
  readonly waitDuration: Histogram;
  /** How long a call of the store takes, in s. */
  readonly operationDuration: Histogram;
  /** How long an attempt takes, in s. */
  readonly processDuration: Histogram;
  /** The queues of which there are counts of ended jobs. */
  readonly queueNames: Set<string>;
  /** The classes of errors that have been reported. */
  readonly errorTypes: Set<string>;
}

/** Called with the meter of a provider that was registered, or with none when it was removed. */
export type MeterListener = (meter: Meter | undefined) => void;

// One for the process, as the registered provider is.
const listeners = new Set<MeterListener>();
let current: {
  readonly provider: MeterProvider;
  readonly meter: Meter | undefined;
  readonly instruments: Instruments | undefined;
} | undefined;

/** The instruments of the registered provider, or `undefined` when there is none. Never throws. */
function activeInstruments(): Instruments | undefined {
  return lookUpMeter().instruments;
}

/** The meter of the registered provider, or `undefined` when there is none. Never throws. */
export function activeMeter(): Meter | undefined {
  return lookUpMeter().meter;
}

/** Calls a listener when another provider is found: at the next enqueue or the next job. */
export function onMeterChange(listener: MeterListener): () => void {
  listeners.add(listener);
  return () => void listeners.delete(listener);
}

function lookUpMeter(): NonNullable<typeof current> {
  const provider = metrics.getMeterProvider();
  if (provider === current?.provider) return current;
  const meter = meterOf(provider);
  current = { provider, meter, instruments: meter && newInstruments(meter) };
  for (const listener of listeners) listener(meter);
  return current;
}

function meterOf(provider: MeterProvider): Meter | undefined {
  try {
    const { name, version, schemaUrl } = instrumentationScope;
    const meter = provider.getMeter(name, version, { schemaUrl });
    return meter === createNoopMeter() ? undefined : meter;
  } catch {
    return undefined;
  }
}

// The boundaries that the conventions recommend; the SDK's defaults are for milliseconds.
const bounds = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];
// Jobs can wait for much longer than calls take.
const waitBounds = [0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300, 900, 3_600];
// Without the type exporters write counts as doubles.
const messages: MetricOptions = { unit: "{message}", valueType: ValueType.INT };
const seconds: MetricOptions = { unit: "s", advice: { explicitBucketBoundaries: bounds } };

function newInstruments(meter: Meter): Instruments | undefined {
  try {
    return {
      sent: meter.createCounter("messaging.client.sent.messages", {
        description: "Number of messages producer attempted to send to the broker.",
        ...messages,
      }),
      consumed: meter.createCounter("messaging.client.consumed.messages", {
        description: "Number of messages that were delivered to the application.",
        ...messages,
      }),
      operationDuration: meter.createHistogram("messaging.client.operation.duration", {
        description: "Duration of messaging operation initiated by a producer or consumer client.",
        ...seconds,
      }),
      processDuration: meter.createHistogram("messaging.process.duration", {
        description: "Duration of processing operation.",
        ...seconds,
      }),
      ended: meter.createCounter("hammerwork.job.ended", {
        description: "Number of jobs that have ended.",
        unit: "{job}",
        valueType: ValueType.INT,
      }),
      waitDuration: meter.createHistogram("hammerwork.job.wait.duration", {
        description: "Time for which a job was due before an attempt of it began.",
        unit: "s",
        advice: { explicitBucketBoundaries: waitBounds },
      }),
      queueNames: new Set(),
      errorTypes: new Set(),
    };
  } catch {
    // A meter that cannot make instruments is not tried again.
    return undefined;
  }
}
