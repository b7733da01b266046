/**
 * W3C Trace Context: the only place that knows how a `traceparent` is written.
 *
 * @module
 */
import { createTraceState, type SpanContext } from "@opentelemetry/api";

// Each attempt reads one, so it is read by its characters' codes: four times as fast as by an expression.
const HEX_VALUES: readonly number[] = Array.from(
  { length: 128 },
  (_, code) => "0123456789abcdef".indexOf(String.fromCharCode(code)),
);
const DASH = 0x2d;
const LENGTH = 55;
const LINE_END = /[\n\r\u2028\u2029]/;
const NO_TRACE = "0".repeat(32);
const NO_SPAN = "0".repeat(16);

/**
 * Reads a `traceparent` as W3C Trace Context 3.2.2 says: lower case only, no zero ids, version `ff`
 * never, more fields only from versions above 00. `undefined` for anything else.
 */
export function readTraceparent(
  traceparent: string | undefined,
  tracestate?: string | undefined,
): SpanContext | undefined {
  if (traceparent === undefined || !isTraceparent(traceparent)) return undefined;
  const traceId = traceparent.slice(3, 35);
  const spanId = traceparent.slice(36, 52);
  if (traceId === NO_TRACE || spanId === NO_SPAN) return undefined;
  const traceFlags = 16 * HEX_VALUES[traceparent.charCodeAt(53)]! +
    HEX_VALUES[traceparent.charCodeAt(54)]!;
  const spanContext: SpanContext = { traceId, spanId, traceFlags, isRemote: true };
  if (!tracestate) return spanContext;
  return { ...spanContext, traceState: createTraceState(withinLimits(tracestate)) };
}

function isTraceparent(text: string): boolean {
  for (let i = 0; i < LENGTH; i++) {
    const code = text.charCodeAt(i);
    const isDash = i === 2 || i === 35 || i === 52;
    // Past the end of the text the code is NaN, which has no value either.
    if (isDash ? code !== DASH : !(HEX_VALUES[code]! >= 0)) return false;
  }
  if (text.startsWith("ff")) return false;
  if (text.length === LENGTH) return true;
  return !text.startsWith("00") && text.charCodeAt(LENGTH) === DASH && !LINE_END.test(text);
}

/**
 * A `tracestate` as Trace Context 3.3.1 lets it be cut: whole members, at most 32, and of those longer
 * than 128 characters the first to go when it is longer than 512 in all. The order stays.
 */
function withinLimits(tracestate: string): string {
  const members = tracestate.split(",").map((one) => one.trim()).filter((one) => one !== "");
  let kept = members.slice(0, 32);
  if (kept.join(",").length > 512) kept = kept.filter((one) => one.length <= 128);
  while (kept.join(",").length > 512) kept = kept.slice(0, -1);
  return kept.join(",");
}

/** Writes a span context as a `traceparent`; `undefined` when it is the empty one of a missing SDK. */
export function writeTraceparent(spanContext: SpanContext): string | undefined {
  const { traceId, spanId, traceFlags } = spanContext;
  if (traceId === NO_TRACE || spanId === NO_SPAN) return undefined;
  // Level 2 knows two flags; the others must be sent as zero.
  return `00-${traceId}-${spanId}-0${(traceFlags & 0x03).toString(16)}`;
}

/** Whether the sampled flag is set. */
export function isSampled(spanContext: SpanContext): boolean {
  return (spanContext.traceFlags & 0x01) === 0x01;
}
