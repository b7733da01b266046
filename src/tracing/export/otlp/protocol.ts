/**
 * OTLP over HTTP as JSON: requests (`ExportTraceServiceRequest`) and the partial success in their
 * responses. Spans are encoded as the OTLP specification maps its messages to JSON (ids in hex, enums
 * as numbers, times as decimal strings). For well-formed spans the result equals the output of
 * OpenTelemetry's own `JsonTraceSerializer`; tests compare the two. Values that would make a receiver
 * refuse the whole request are repaired or left out.
 *
 * @module
 */
import { isSpanContextValid, isValidSpanId, type SpanContext } from "@opentelemetry/api";
import { attributeText } from "../attribute_text.ts";
import { type Acceptance, acceptedAll, type Protocol } from "../protocol.ts";
import { writeAttributes } from "./encode_attributes.ts";
import { JsonBytes } from "./json_bytes.ts";
import {
  endTimeOf,
  type HrTime,
  nanosSince1970,
  type ReadableSpan,
  type SpanEvent,
  type SpanLink,
  type SpanResource,
  type SpanScope,
} from "../readable_span.ts";

/** OTLP/HTTP with JSON, which every OpenTelemetry collector accepts. */
export const otlp: Protocol = {
  encode: encodeSpans,
  recycle: (json) => {
    if (typeof json !== "string") recycleSpans(json);
  },
  readAcceptance,
};

/** An `ExportTraceServiceResponse`. The number is a string, as JSON has 64-bit integers in OTLP. */
interface ExportResponse {
  readonly partialSuccess?: {
    readonly rejectedSpans?: number | string;
    readonly errorMessage?: unknown;
  } | null;
}

/** Any other body counts as a full success, as the status says. */
function readAcceptance(body: string): Acceptance {
  try {
    const response = JSON.parse(body) as ExportResponse | null;
    const { rejectedSpans = 0, errorMessage = "" } = response?.partialSuccess ?? {};
    return {
      rejectedSpans: Math.max(0, Math.trunc(Number(rejectedSpans)) || 0),
      message: String(errorMessage ?? ""),
    };
  } catch {
    return acceptedAll;
  }
}

const json = new JsonBytes();

/**
 * Writes spans as the JSON text of one export request.
 *
 * @throws {RangeError} when a span has no valid ids.
 */
export function encodeSpans(spans: readonly ReadableSpan[]): Uint8Array<ArrayBuffer> {
  json.begin();
  json.part(`{"resourceSpans":`);
  json.list([...groupByResource(spans)], writeResourceSpans);
  json.part("}");
  return json.end();
}

/** Takes back what {@linkcode encodeSpans} returned. It must not be read any more. */
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
    // Most spans follow one of the same library.
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
  json.part(`,"droppedAttributesCount":0},"scopeSpans":`);
  json.list([...byScope.values()], writeScopeSpans);
  // An empty URL is left out.
  writeText(json, "schemaUrl", schemaUrl || undefined);
  json.part("}");
}

function writeScopeSpans(json: JsonBytes, spans: ReadableSpan[]): void {
  const scope = spans[0]!.instrumentationScope;
  json.part(`{"scope":`);
  writeScope(json, scope);
  json.part(`,"spans":`);
  json.list(spans, writeSpan);
  writeText(json, "schemaUrl", scope.schemaUrl);
  json.part("}");
}

function writeScope(json: JsonBytes, scope: SpanScope): void {
  const { name, version, attributes = {}, droppedAttributesCount = 0 } = scope;
  json.part(`{"name":`);
  writeName(json, name);
  writeText(json, "version", version);
  if (Object.keys(attributes).length > 0) {
    json.part(`,"attributes":`);
    writeAttributes(json, attributes);
    json.part(`,"droppedAttributesCount":`);
    writeCount(json, droppedAttributesCount);
  }
  json.part("}");
}

function writeSpan(json: JsonBytes, span: ReadableSpan): void {
  const { parentSpanContext, status, startTime } = span;
  const { traceId, spanId, traceState, traceFlags } = span.spanContext();
  const links = validLinks(span);
  json.part(`{"traceId":`);
  json.id(traceId, 32);
  json.part(`,"spanId":`);
  json.id(spanId, 16);
  if (parentSpanContext !== undefined && isValidSpanId(parentSpanContext.spanId)) {
    json.part(`,"parentSpanId":`);
    json.id(parentSpanContext.spanId, 16);
  }
  writeText(json, "traceState", traceState?.serialize());
  json.part(`,"name":`);
  writeName(json, span.name);
  json.part(`,"kind":`);
  json.number(kindOf(span));
  json.part(`,"startTimeUnixNano":`);
  writeTime(json, startTime);
  json.part(`,"endTimeUnixNano":`);
  writeTime(json, endTimeOf(startTime, span.endTime));
  json.part(`,"attributes":`);
  writeAttributes(json, span.attributes);
  json.part(`,"droppedAttributesCount":`);
  writeCount(json, span.droppedAttributesCount);
  json.part(`,"events":`);
  json.list(span.events, writeEvent);
  json.part(`,"droppedEventsCount":`);
  writeCount(json, span.droppedEventsCount);
  json.part(`,"status":{"code":`);
  json.number(statusCodeOf(span));
  writeText(json, "message", status.message);
  json.part(`},"links":`);
  json.list(links, writeLink);
  json.part(`,"droppedLinksCount":`);
  writeCount(json, span.droppedLinksCount + span.links.length - links.length);
  json.part(`,"flags":`);
  json.number(flagsOf(traceFlags, parentSpanContext));
  json.part("}");
}

function writeEvent(json: JsonBytes, event: SpanEvent): void {
  json.part(`{"attributes":`);
  writeAttributes(json, event.attributes ?? {});
  json.part(`,"name":`);
  writeName(json, event.name);
  json.part(`,"timeUnixNano":`);
  writeTime(json, event.time);
  json.part(`,"droppedAttributesCount":`);
  writeCount(json, event.droppedAttributesCount);
  json.part("}");
}

function writeLink(json: JsonBytes, link: SpanLink): void {
  const { context } = link;
  json.part(`{"attributes":`);
  writeAttributes(json, link.attributes ?? {});
  json.part(`,"spanId":`);
  json.id(context.spanId, 16);
  json.part(`,"traceId":`);
  json.id(context.traceId, 32);
  writeText(json, "traceState", context.traceState?.serialize());
  json.part(`,"droppedAttributesCount":`);
  writeCount(json, link.droppedAttributesCount);
  json.part(`,"flags":`);
  json.number(flagsOf(context.traceFlags, context));
  json.part("}");
}

/** In OTLP 0 is unspecified, and the API's INTERNAL (0) is 1. */
function kindOf({ kind }: ReadableSpan): number {
  return Number.isInteger(kind) && kind >= 0 && kind <= 4 ? kind + 1 : 0;
}

function statusCodeOf({ status: { code } }: ReadableSpan): number {
  return code === 1 || code === 2 ? code : 0;
}

const HAS_IS_REMOTE = 0x100;
const IS_REMOTE = 0x200;

/** The W3C trace flags, and whether a context is from another process. */
function flagsOf(traceFlags: number, context: SpanContext | undefined): number {
  return (traceFlags & 0xff) | HAS_IS_REMOTE | (context?.isRemote ? IS_REMOTE : 0);
}

/** The links with valid ids. The API does not check them. */
function validLinks({ links }: ReadableSpan): readonly SpanLink[] {
  if (links.length === 0) return links;
  return links.filter(({ context }) => context && isSpanContextValid(context));
}

/** A name is text only by its type. */
function writeName(json: JsonBytes, name: unknown): void {
  json.string(attributeText(name ?? ""));
}

/** Writes a further property, if it has a value. */
function writeText(json: JsonBytes, name: string, value: unknown): void {
  if (value !== undefined && value !== null) json.optional(name, attributeText(value));
}

/** Writes a count of 32 bits. */
function writeCount(json: JsonBytes, count: number | undefined): void {
  json.number(count! > 0 ? Math.min(Math.trunc(count!), 0xffff_ffff) : 0);
}

/** Writes nanoseconds since 1970 as a decimal string. */
function writeTime(json: JsonBytes, time: HrTime): void {
  json.part('"');
  json.ascii(nanosSince1970(time));
  json.part('"');
}
