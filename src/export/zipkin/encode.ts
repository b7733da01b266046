/**
 * Spans as Zipkin v2 JSON, by OpenTelemetry's "Transformation to Zipkin". Links have no place there.
 *
 * @module
 */
import { SpanKind } from "@opentelemetry/api";
import { attributeText } from "../attribute_text.ts";
import type { HrTime, ReadableSpan, SpanEvent } from "../readable_span.ts";
import { type Endpoint, remoteEndpointOf } from "./remote_endpoint.ts";
import { tagsOf } from "./tags.ts";

interface ZipkinSpan {
  readonly traceId: string;
  readonly id: string;
  readonly parentId?: string | undefined;
  readonly name?: string | undefined;
  readonly kind?: string | undefined;
  readonly timestamp: number;
  readonly duration: number;
  readonly localEndpoint: Endpoint;
  readonly remoteEndpoint?: Endpoint | undefined;
  readonly annotations?: readonly Annotation[] | undefined;
  readonly tags?: Readonly<Record<string, string>> | undefined;
}

interface Annotation {
  readonly timestamp: number;
  readonly value: string;
}

/** Writes spans as the JSON text of one request. */
export function encodeZipkinSpans(spans: readonly ReadableSpan[]): string {
  return JSON.stringify(spans.map(encodeSpan));
}

/** What is empty is left out. */
function encodeSpan(span: ReadableSpan): ZipkinSpan {
  const { traceId, spanId } = span.spanContext();
  const timestamp = microseconds(span.startTime);
  const tags = tagsOf(span);
  return {
    traceId,
    id: spanId,
    parentId: span.parentSpanContext?.spanId || undefined,
    name: span.name || undefined,
    kind: kinds.get(span.kind),
    timestamp,
    // Zipkin takes 0 for "not known", and rounds up what is shorter than its unit.
    duration: Math.max(1, microseconds(span.endTime) - timestamp),
    localEndpoint: {
      serviceName: attributeText(span.resource.attributes["service.name"] || "unknown_service"),
    },
    remoteEndpoint: remoteEndpointOf(span),
    annotations: span.events.length === 0 ? undefined : span.events.map(encodeEvent),
    tags: Object.keys(tags).length === 0 ? undefined : tags,
  };
}

// To Zipkin an internal span is one without a kind.
const kinds: ReadonlyMap<SpanKind, string> = new Map([
  [SpanKind.SERVER, "SERVER"],
  [SpanKind.CLIENT, "CLIENT"],
  [SpanKind.PRODUCER, "PRODUCER"],
  [SpanKind.CONSUMER, "CONSUMER"],
]);

/** An annotation is one text, so the attributes stand in it as JSON. */
function encodeEvent({ name, time, attributes = {} }: SpanEvent): Annotation {
  const texts = Object.entries(attributes).map(([key, value]) => [key, attributeText(value)]);
  const value = texts.length === 0
    ? name
    : `${JSON.stringify(name)}: ${JSON.stringify(Object.fromEntries(texts))}`;
  return { timestamp: microseconds(time), value };
}

/** Whole microseconds since 1970. A time that is none must not lose the other spans. */
function microseconds([seconds, nanos]: HrTime): number {
  const whole = Math.trunc(seconds) * 1e6 + Math.floor(nanos / 1e3);
  return Number.isFinite(whole) ? whole : 0;
}
