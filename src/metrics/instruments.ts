/**
 * The meter and the instruments of the registered meter provider, by OpenTelemetry's semantic
 * conventions for messaging (1.44). The metrics API has no proxy as tracing has: an instrument made
 * before a provider is registered stays silent forever. So the provider is looked up each time, and
 * its instruments are kept as long as it is the same.
 *
 * @module
 */
import {
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

/** The instruments of one meter. */
export interface Instruments {
  /** Jobs that were sent to the store, successfully or not. */
  readonly sent: Counter;
  /** Attempts that began. */
  readonly consumed: Counter;
  /** How long a call of the store takes, in s. */
  readonly operationDuration: Histogram;
  /** How long an attempt takes, in s. */
  readonly processDuration: Histogram;
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
export function activeInstruments(): Instruments | undefined {
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
      errorTypes: new Set(),
    };
  } catch {
    // A meter that cannot make instruments is not tried again.
    return undefined;
  }
}
