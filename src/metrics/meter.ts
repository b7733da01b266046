/**
 * The way to OpenTelemetry's metrics: whether somebody listens. The metrics API has no proxy as
 * tracing has: an instrument that was made before a provider is registered stays silent for ever. So
 * the provider is looked up each time, and what was made of it is kept for as long as it is the same.
 *
 * @module
 */
import { createNoopMeter, type Meter, type MeterProvider, metrics } from "@opentelemetry/api";
import { instrumentationScope } from "../instrumentation_scope.ts";

/** Told of the meter of a provider that was registered, or of none when it was removed. */
export type MeterListener = (meter: Meter | undefined) => void;

const listeners = new Set<MeterListener>();
let current: { readonly provider: MeterProvider; readonly meter: Meter | undefined } | undefined;

/** The meter, or `undefined` when nobody has registered a provider: then nothing is built at all. */
export function activeMeter(): Meter | undefined {
  const provider = metrics.getMeterProvider();
  if (provider !== current?.provider) {
    current = { provider, meter: meterOf(provider) };
    for (const listener of listeners) listener(current.meter);
  }
  return current.meter;
}

/** Tells of each provider that is registered from now on, as soon as a job or an enqueue meets it. */
export function onMeterChange(listener: MeterListener): () => void {
  listeners.add(listener);
  return () => void listeners.delete(listener);
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
