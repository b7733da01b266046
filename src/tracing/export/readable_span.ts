/**
 * The part of OpenTelemetry's `ReadableSpan` that OTLP carries. Written down here rather than
 * imported, so that the spans of every SDK line fit (`@opentelemetry/sdk-trace` 2.12 and 3.x,
 * `sdk-trace-web` and `sdk-trace-base` 2.x) and none of them has to be installed.
 *
 * @module
 */
import type { SpanContext, SpanKind, SpanStatus } from "@opentelemetry/api";

/** Seconds and nanoseconds since 1970. */
export type HrTime = readonly [number, number];

/** Names and values; OTLP has a form for every JSON value and for bytes. */
export type SpanAttributes = Readonly<Record<string, unknown>>;

/** A span that has ended. */
export interface ReadableSpan {
  readonly name: string;
  readonly kind: SpanKind;
  readonly spanContext: () => SpanContext;
  readonly parentSpanContext?: SpanContext | undefined;
  readonly startTime: HrTime;
  readonly endTime: HrTime;
  readonly status: SpanStatus;
  readonly attributes: SpanAttributes;
  readonly links: readonly SpanLink[];
  readonly events: readonly SpanEvent[];
  readonly resource: SpanResource;
  readonly instrumentationScope: SpanScope;
  readonly droppedAttributesCount: number;
  readonly droppedEventsCount: number;
  readonly droppedLinksCount: number;
}

/** Another span that this one has to do with. */
export interface SpanLink {
  readonly context: SpanContext;
  readonly attributes?: SpanAttributes | undefined;
  readonly droppedAttributesCount?: number | undefined;
}

/** Something that happened during a span. */
export interface SpanEvent {
  readonly name: string;
  readonly time: HrTime;
  readonly attributes?: SpanAttributes | undefined;
  readonly droppedAttributesCount?: number | undefined;
}

/** The service that made the span. */
export interface SpanResource {
  readonly attributes: SpanAttributes;
  readonly schemaUrl?: string | undefined;
}

/** The library that made the span. */
export interface SpanScope {
  readonly name: string;
  readonly version?: string | undefined;
  readonly schemaUrl?: string | undefined;
  readonly attributes?: SpanAttributes | undefined;
  readonly droppedAttributesCount?: number | undefined;
}
