/**
 * W3C Trace Context as an OpenTelemetry propagator, so that other libraries of the application read
 * and write `traceparent` too. The SDK does not export its own.
 *
 * @module
 */
import { type TextMapPropagator, trace } from "@opentelemetry/api";
import { readTraceparent } from "./w3c.ts";
import { formatTraceparent } from "../job/traceparent.ts";
import { isTracingSuppressed } from "./suppress_tracing.ts";

/** Reads and writes the headers `traceparent` and `tracestate`. */
export const traceContextPropagator: TextMapPropagator = {
  fields: () => ["traceparent", "tracestate"],

  inject(context, carrier, setter) {
    const spanContext = trace.getSpanContext(context);
    if (spanContext === undefined || isTracingSuppressed(context)) return;
    const traceparent = formatTraceparent(spanContext);
    if (traceparent === undefined) return;
    setter.set(carrier, "traceparent", traceparent);
    const tracestate = spanContext.traceState?.serialize();
    if (tracestate) setter.set(carrier, "tracestate", tracestate);
  },

  extract(context, carrier, getter) {
    const traceparent = [getter.get(carrier, "traceparent") ?? []].flat();
    const tracestate = [getter.get(carrier, "tracestate") ?? []].flat();
    // Two parents are no parent, while parts of a state may be joined: Trace Context 3.2 and 3.3.
    const spanContext = traceparent.length === 1
      ? readTraceparent(traceparent[0], tracestate.join(","))
      : undefined;
    return spanContext === undefined ? context : trace.setSpanContext(context, spanContext);
  },
};
