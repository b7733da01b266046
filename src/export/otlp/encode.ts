/**
 * Spans as OTLP/JSON: the body of an `ExportTraceServiceRequest`, as the OTLP specification maps it
 * to JSON (ids in hex, enums as numbers, times as decimal strings). Deep-equal to what OpenTelemetry's
 * own `JsonTraceSerializer` gives for the same spans; the tests compare the two.
 *
 * @module
 */
import type { SpanContext } from "@opentelemetry/api";
import { writeAttributes } from "./encode_attributes.ts";
import { JsonBytes } from "./json_bytes.ts";
import type {
  HrTime,
  ReadableSpan,
  SpanEvent,
  SpanLink,
  SpanResource,
  SpanScope,
} from "../readable_span.ts";

const json = new JsonBytes();

/** Writes spans as the JSON text of one export request. */
export function encodeSpans(spans: readonly ReadableSpan[]): Uint8Array<ArrayBuffer> {
  json.begin();
  json.part(`{"resourceSpans":`);
  json.list([...groupByResource(spans)], writeResourceSpans);
  json.part("}");
  return json.end();
}

/** Takes back what {@linkcode encodeSpans} gave, once it is sent. It must not be read any more. */
export function recycleSpans(encoded: Uint8Array<ArrayBuffer>): void {
  json.takeBack(encoded);
}

type SpansByScope = Map<string, ReadableSpan[]>;

function groupByResource(spans: readonly ReadableSpan[]): Map<SpanResource, SpansByScope> {
  const byResource = new Map<SpanResource, SpansByScope>();
  let last: ReadableSpan | undefined;
  let group: ReadableSpan[] = [];
  for (const span of spans) {
    const { resource, instrumentationScope } = span;
    // Most come one after another from the same library.
    if (resource !== last?.resource || instrumentationScope !== last.instrumentationScope) {
      const byScope = entryOf(byResource, resource, () => new Map<string, ReadableSpan[]>());
      group = entryOf(byScope, scopeKey(instrumentationScope), () => []);
    }
    group.push(span);
    last = span;
  }
  return byResource;
}

function entryOf<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  let value = map.get(key);
  if (value === undefined) map.set(key, value = make());
  return value;
}

function scopeKey({ name, version, schemaUrl }: SpanScope): string {
  return `${name}@${version || ""}:${schemaUrl || ""}`;
}

function writeResourceSpans(
  json: JsonBytes,
  [{ attributes, schemaUrl }, byScope]: [SpanResource, SpansByScope],
): void {
  json.part(`{"resource":{"attributes":`);
  writeAttributes(json, attributes);
  json.part(`,"droppedAttributesCount":0`);
  // An empty URL says nothing. The first place, inside the resource, is the stock exporter's.
  json.optional("schemaUrl", schemaUrl || undefined);
  json.part(`},"scopeSpans":`);
  json.list([...byScope.values()], writeScopeSpans);
  json.optional("schemaUrl", schemaUrl || undefined);
  json.part("}");
}

function writeScopeSpans(json: JsonBytes, spans: ReadableSpan[]): void {
  const scope = spans[0]!.instrumentationScope;
  json.part(`{"scope":`);
  writeScope(json, scope);
  json.part(`,"spans":`);
  json.list(spans, writeSpan);
  json.optional("schemaUrl", scope.schemaUrl);
  json.part("}");
}

function writeScope(json: JsonBytes, scope: SpanScope): void {
  const { name, version, attributes = {}, droppedAttributesCount = 0 } = scope;
  json.part(`{"name":`);
  json.string(name);
  json.optional("version", version);
  if (Object.keys(attributes).length > 0) {
    json.part(`,"attributes":`);
    writeAttributes(json, attributes);
    json.part(`,"droppedAttributesCount":`);
    json.number(droppedAttributesCount);
  }
  json.part("}");
}

function writeSpan(json: JsonBytes, span: ReadableSpan): void {
  const { parentSpanContext, status } = span;
  const { traceId, spanId, traceState, traceFlags } = span.spanContext();
  json.part(`{"traceId":`);
  json.string(traceId);
  json.part(`,"spanId":`);
  json.string(spanId);
  json.optional("parentSpanId", parentSpanContext?.spanId || undefined);
  json.optional("traceState", traceState?.serialize());
  json.part(`,"name":`);
  json.string(span.name);
  json.part(`,"kind":`);
  // OTLP keeps 0 for a kind that nobody stated; the API's INTERNAL is its 1.
  json.number(span.kind == null ? 0 : span.kind + 1);
  json.part(`,"startTimeUnixNano":`);
  writeTime(json, span.startTime);
  json.part(`,"endTimeUnixNano":`);
  writeTime(json, span.endTime);
  json.part(`,"attributes":`);
  writeAttributes(json, span.attributes);
  json.part(`,"droppedAttributesCount":`);
  json.number(span.droppedAttributesCount);
  json.part(`,"events":`);
  json.list(span.events, writeEvent);
  json.part(`,"droppedEventsCount":`);
  json.number(span.droppedEventsCount);
  json.part(`,"status":{"code":`);
  json.number(status.code);
  json.optional("message", status.message);
  json.part(`},"links":`);
  json.list(span.links, writeLink);
  json.part(`,"droppedLinksCount":`);
  json.number(span.droppedLinksCount);
  json.part(`,"flags":`);
  json.number(flagsOf(traceFlags, parentSpanContext));
  json.part("}");
}

function writeEvent(json: JsonBytes, event: SpanEvent): void {
  json.part(`{"attributes":`);
  writeAttributes(json, event.attributes ?? {});
  json.part(`,"name":`);
  json.string(event.name);
  json.part(`,"timeUnixNano":`);
  writeTime(json, event.time);
  json.part(`,"droppedAttributesCount":`);
  json.number(event.droppedAttributesCount || 0);
  json.part("}");
}

function writeLink(json: JsonBytes, link: SpanLink): void {
  const { context } = link;
  json.part(`{"attributes":`);
  writeAttributes(json, link.attributes ?? {});
  json.part(`,"spanId":`);
  json.string(context.spanId);
  json.part(`,"traceId":`);
  json.string(context.traceId);
  json.optional("traceState", context.traceState?.serialize());
  json.part(`,"droppedAttributesCount":`);
  json.number(link.droppedAttributesCount || 0);
  json.part(`,"flags":`);
  json.number(flagsOf(context.traceFlags, context));
  json.part("}");
}

const HAS_IS_REMOTE = 0x100;
const IS_REMOTE = 0x200;

/** The W3C trace flags, and whether the context they are told of came from another process. */
function flagsOf(traceFlags: number, told: SpanContext | undefined): number {
  return (traceFlags & 0xff) | HAS_IS_REMOTE | (told?.isRemote ? IS_REMOTE : 0);
}

/** Nanoseconds since 1970 as a decimal string: they do not fit a double. */
function writeTime(json: JsonBytes, time: HrTime): void {
  json.part('"');
  json.ascii(nanosSince1970(time));
  json.part('"');
}

function nanosSince1970([seconds, nanos]: HrTime): string {
  if (seconds >= 1 && nanos >= 0 && nanos < 1e9) {
    return `${Math.trunc(seconds)}${String(Math.trunc(nanos)).padStart(9, "0")}`;
  }
  // A time that is none (an invalid Date) must not lose the other spans of the batch.
  if (!Number.isFinite(seconds) || !Number.isFinite(nanos)) return "0";
  return String(BigInt(Math.trunc(seconds)) * 1_000_000_000n + BigInt(Math.trunc(nanos)));
}
