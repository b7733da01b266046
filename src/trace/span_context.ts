/**
 * Span contexts: from a span, and from the headers of W3C Trace Context.
 *
 * @module
 */
import {
  createTraceState,
  isSpanContextValid,
  type Span,
  type SpanContext,
} from "@opentelemetry/api";
import { parseTraceparent } from "../job/traceparent.ts";

/** A span's context, if it is valid and the span does not throw. */
export function validSpanContext(span: Span | undefined): SpanContext | undefined {
  try {
    const spanContext = span?.spanContext();
    return spanContext && isSpanContextValid(spanContext) ? spanContext : undefined;
  } catch {
    return undefined;
  }
}

/** Whether the sampled flag is set. */
export function isSampled({ traceFlags }: SpanContext): boolean {
  return (traceFlags & 0x01) === 0x01;
}

/** Reads a `traceparent` with its `tracestate`; `undefined` where the first is missing or not valid. */
export function readTraceparent(
  traceparent: string | undefined,
  tracestate?: string | undefined,
): SpanContext | undefined {
  const fields = traceparent === undefined ? undefined : parseTraceparent(traceparent);
  if (fields === undefined) return undefined;
  const { traceId, spanId, traceFlags } = fields;
  const spanContext: SpanContext = { traceId, spanId, traceFlags, isRemote: true };
  if (tracestate) spanContext.traceState = createTraceState(truncateTracestate(tracestate));
  return spanContext;
}

/**
 * Truncates a `tracestate` as Trace Context 3.3.1 allows: to whole members, at most 32. When these
 * have more than 512 characters, members longer than 128 go first, then the last ones. The order stays.
 */
function truncateTracestate(tracestate: string): string {
  let members = tracestate.split(",").map((one) => one.trim()).filter((one) => one !== "")
    .slice(0, 32);
  if (members.join(",").length > 512) members = members.filter((one) => one.length <= 128);
  while (members.join(",").length > 512) members = members.slice(0, -1);
  return members.join(",");
}
