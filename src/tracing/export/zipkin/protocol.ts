/**
 * Zipkin's API, version 2: `POST /api/v2/spans` takes a list of spans as JSON and answers 202, with
 * nothing to read in it. Spans are written by OpenTelemetry's "Transformation to Zipkin"; Zipkin has
 * no links.
 *
 * @module
 */
import { isSpanContextValid, isValidSpanId, SpanKind, SpanStatusCode } from "@opentelemetry/api";
import { attributeText, attributeTexts } from "../attribute_text.ts";
import { acceptedAll, type Protocol } from "../protocol.ts";
import { endTimeOf, microsSince1970, type ReadableSpan, type SpanEvent } from "../readable_span.ts";
import { remoteEndpointOf, type ZipkinEndpoint } from "./remote_endpoint.ts";

/** Zipkin v2 as JSON. */
export const zipkin: Protocol = {
  encode: encodeZipkinSpans,
  readAcceptance: () => acceptedAll,
};

interface ZipkinSpan {
  readonly traceId: string;
  readonly id: string;
  readonly parentId?: string | undefined;
  readonly name?: string | undefined;
  readonly kind?: string | undefined;
  readonly timestamp: number;
  readonly duration: number;
  readonly localEndpoint: ZipkinEndpoint;
  readonly remoteEndpoint?: ZipkinEndpoint | undefined;
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
 * @throws {RangeError} when a span has no valid ids.
 */
export function encodeZipkinSpans(spans: readonly ReadableSpan[]): string {
  return JSON.stringify(spans.map(encodeSpan));
}

/** Empty fields are left out. */
function encodeSpan(span: ReadableSpan): ZipkinSpan {
  const context = span.spanContext();
  if (!isSpanContextValid(context)) {
    throw new RangeError(`A span must have valid ids: got ${context.traceId} ${context.spanId}`);
  }
  const parentId = span.parentSpanContext?.spanId;
  const timestamp = microsSince1970(span.startTime);
  const lasted = microsSince1970(endTimeOf(span.startTime, span.endTime)) - timestamp;
  const tags = tagsOf(span);
  return {
    traceId: context.traceId.toLowerCase(),
    id: context.spanId.toLowerCase(),
    parentId: parentId && isValidSpanId(parentId) ? parentId.toLowerCase() : undefined,
    name: attributeText(span.name ?? "") || undefined,
    kind: kinds.get(span.kind),
    timestamp,
    // To Zipkin 0 means unknown, and what is shorter than a microsecond is rounded up.
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

/** An annotation has only a text, so the attributes are written into it as JSON. */
function encodeEvent({ name, time, attributes = {} }: SpanEvent): Annotation {
  const texts = attributeTexts(attributes);
  const title = attributeText(name ?? "");
  const value = Object.keys(texts).length === 0
    ? title
    : `${JSON.stringify(title)}: ${JSON.stringify(texts)}`;
  return { timestamp: microsSince1970(time), value };
}

/**
 * The tags of a span: every attribute as text, and what OpenTelemetry keeps beside the attributes
 * (resource, scope, status, dropped counts) under the names that its specification gives.
 */
function tagsOf(span: ReadableSpan): Record<string, string> {
  const { "service.name": _, ...service } = span.resource.attributes;
  const { name, version } = span.instrumentationScope;
  return {
    ...attributeTexts(service),
    ...withoutNoError(attributeTexts(span.attributes)),
    ...(name && { "otel.scope.name": attributeText(name) }),
    ...(version && { "otel.scope.version": attributeText(version) }),
    ...statusTags(span),
    ...countTag("otel.dropped_attributes_count", span.droppedAttributesCount),
    ...countTag("otel.dropped_events_count", span.droppedEventsCount),
    ...countTag("otel.dropped_links_count", span.droppedLinksCount),
  };
}

/** To Zipkin any `error` is an error, also one that says `false`. */
function withoutNoError(texts: Record<string, string>): Record<string, string> {
  if (texts.error === "false") delete texts.error;
  return texts;
}

function statusTags({ status }: ReadableSpan): Record<string, string> {
  switch (status.code) {
    case SpanStatusCode.ERROR:
      return { "otel.status_code": "ERROR", error: attributeText(status.message ?? "") };
    case SpanStatusCode.OK:
      return { "otel.status_code": "OK" };
    default:
      return {};
  }
}

function countTag(name: string, count: number): Record<string, string> {
  return count > 0 ? { [name]: String(count) } : {};
}
