/**
 * Zipkin's tags: every attribute as text, and what OpenTelemetry knows beside the attributes under
 * the names that its specification gives.
 *
 * @module
 */
import { SpanStatusCode } from "@opentelemetry/api";
import { attributeText, textsOf } from "../attribute_text.ts";
import type { ReadableSpan } from "../readable_span.ts";

/** The tags of a span: its service's attributes, its own, its scope, its status and what it dropped. */
export function tagsOf(span: ReadableSpan): Record<string, string> {
  const { "service.name": _, ...service } = span.resource.attributes;
  const { name, version } = span.instrumentationScope;
  return {
    ...textsOf(service),
    ...withoutNoError(textsOf(span.attributes)),
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
