/**
 * The part of OpenTelemetry's `ReadableSpan` that is exported, and how its times are written. Declared
 * here rather than imported, so that the spans of every SDK fit (`@opentelemetry/sdk-trace` 2.12 and
 * 3.x, `sdk-trace-web` and `sdk-trace-base` 2.x) and none of them has to be installed.
 *
 * @module
 */
import type { SpanContext, SpanKind, SpanStatus } from "@opentelemetry/api";

/** Seconds and nanoseconds since 1970. */
export type HrTime = readonly [number, number];

/** Names and values. OTLP can carry every JSON value, and bytes. */
export type AttributeValues = Readonly<Record<string, unknown>>;

/** A span that has ended. */
export interface ReadableSpan {
  readonly name: string;
  readonly kind: SpanKind;
  readonly spanContext: () => SpanContext;
  readonly parentSpanContext?: SpanContext | undefined;
  readonly startTime: HrTime;
  readonly endTime: HrTime;
  readonly status: SpanStatus;
  readonly attributes: AttributeValues;
  readonly links: readonly SpanLink[];
  readonly events: readonly SpanEvent[];
  readonly resource: SpanResource;
  readonly instrumentationScope: SpanScope;
  readonly droppedAttributesCount: number;
  readonly droppedEventsCount: number;
  readonly droppedLinksCount: number;
}

/** A reference to another span. */
export interface SpanLink {
  readonly context: SpanContext;
  readonly attributes?: AttributeValues | undefined;
  readonly droppedAttributesCount?: number | undefined;
}

/** Something that happened during a span. */
export interface SpanEvent {
  readonly name: string;
  readonly time: HrTime;
  readonly attributes?: AttributeValues | undefined;
  readonly droppedAttributesCount?: number | undefined;
}

/** The service that made the span. */
export interface SpanResource {
  readonly attributes: AttributeValues;
  readonly schemaUrl?: string | undefined;
}

/** The library that made the span. */
export interface SpanScope {
  readonly name: string;
  readonly version?: string | undefined;
  readonly schemaUrl?: string | undefined;
  readonly attributes?: AttributeValues | undefined;
  readonly droppedAttributesCount?: number | undefined;
}

// Exported times are nanoseconds since 1970 in 64 bits, which end in the year 2554. A time that is not a
// number or lies beyond must not lose the other spans of its batch.
const LAST_NANOS = 2n ** 64n - 1n;
const LAST_SECOND = Number(LAST_NANOS / 1_000_000_000n);
const LAST_MICROS = Number(LAST_NANOS / 1_000n);

/** Nanoseconds since 1970, in decimal: a double cannot hold them. */
export function nanosSince1970([seconds, nanos]: HrTime): string {
  if (seconds >= 1 && seconds < LAST_SECOND && nanos >= 0 && nanos < 1e9) {
    return `${Math.trunc(seconds)}${String(Math.trunc(nanos)).padStart(9, "0")}`;
  }
  if (!Number.isFinite(seconds) || !Number.isFinite(nanos)) return "0";
  const all = BigInt(Math.trunc(seconds)) * 1_000_000_000n + BigInt(Math.trunc(nanos));
  return String(all < 0n ? 0n : all > LAST_NANOS ? LAST_NANOS : all);
}

/** Whole microseconds since 1970. */
export function microsSince1970([seconds, nanos]: HrTime): number {
  const whole = Math.trunc(seconds) * 1e6 + Math.floor(nanos / 1e3);
  return Number.isFinite(whole) ? Math.min(Math.max(0, whole), LAST_MICROS) : 0;
}

/** The end of a span; its start where the end is not a time or before the start. */
export function endTimeOf(start: HrTime, end: HrTime): HrTime {
  const seconds = Math.trunc(end[0]) - Math.trunc(start[0]);
  const nanos = seconds * 1e9 + Math.trunc(end[1]) - Math.trunc(start[1]);
  return nanos >= 0 && nanos < Infinity ? end : start;
}
