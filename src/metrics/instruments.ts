/**
 * The instruments, by OpenTelemetry's semantic conventions for messaging (1.44).
 *
 * @module
 */
import {
  type Counter,
  type Histogram,
  type Meter,
  type MetricOptions,
  ValueType,
} from "@opentelemetry/api";
import { activeMeter } from "./meter.ts";

/** What is counted and measured. */
export interface Instruments {
  /** Jobs that were given to the store, also in vain. */
  readonly sent: Counter;
  /** Attempts that began. */
  readonly consumed: Counter;
  /** How long a call of the store takes, in s. */
  readonly operationDuration: Histogram;
  /** How long an attempt takes, in s. */
  readonly processDuration: Histogram;
  /** The classes of errors that were told of. */
  readonly errorTypes: Set<string>;
}

let built: { readonly meter: Meter; readonly instruments: Instruments | undefined } | undefined;

/** The instruments of the registered provider, or `undefined` when there is none. Never throws. */
export function activeInstruments(): Instruments | undefined {
  const meter = activeMeter();
  if (meter === undefined) return undefined;
  if (meter !== built?.meter) built = { meter, instruments: build(meter) };
  return built.instruments;
}

// The boundaries that the conventions advise; the SDK's own are made for milliseconds.
const bounds = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];
// Else exporters write counts as doubles.
const messages: MetricOptions = { unit: "{message}", valueType: ValueType.INT };
const seconds: MetricOptions = { unit: "s", advice: { explicitBucketBoundaries: bounds } };

function build(meter: Meter): Instruments | undefined {
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
    // A meter that cannot make instruments is not asked again.
    return undefined;
  }
}
