/**
 * Spans as Zipkin v2 JSON, by OpenTelemetry's "Transformation to Zipkin". Links have no place there.
 *
 * @module
 */
import { isSpanContextValid, isValidSpanId, SpanKind } from "@opentelemetry/api";
import { attributeText, textsOf } from "../attribute_text.ts";
import type { ReadableSpan, SpanEvent } from "../readable_span.ts";
import { endOf, microsSince1970 } from "../span_time.ts";
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

/**
 * Writes spans as the JSON text of one request. All text in it is well-formed.
 *
 * @throws {RangeError} when a span's own ids are none.
 */
export function encodeZipkinSpans(spans: readonly ReadableSpan[]): string {
  return JSON.stringify(spans.map(encodeSpan));
}

/** What is empty is left out. */
function encodeSpan(span: ReadableSpan): ZipkinSpan {
  const context = span.spanContext();
  if (!isSpanContextValid(context)) {
    throw new RangeError(`A span must have valid ids: got ${context.traceId} ${context.spanId}`);
  }
  const parentId = span.parentSpanContext?.spanId;
  const timestamp = microsSince1970(span.startTime);
  const lasted = microsSince1970(endOf(span.startTime, span.endTime)) - timestamp;
  const tags = tagsOf(span);
  return {
    traceId: context.traceId.toLowerCase(),
    id: context.spanId.toLowerCase(),
    parentId: parentId && isValidSpanId(parentId) ? parentId.toLowerCase() : undefined,
    name: attributeText(span.name ?? "") || undefined,
    kind: kinds.get(span.kind),
    timestamp,
    // Zipkin takes 0 for "not known", and rounds up what is shorter than its unit.
    duration: Math.min(Math.max(1, lasted), Number.MAX_SAFE_INTEGER),
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
  const texts = textsOf(attributes);
  const title = attributeText(name ?? "");
  const value = Object.keys(texts).length === 0
    ? title
    : `${JSON.stringify(title)}: ${JSON.stringify(texts)}`;
  return { timestamp: microsSince1970(time), value };
}
