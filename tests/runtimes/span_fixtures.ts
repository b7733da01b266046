/** Spans made by hand, for what only reads them. */

import { SpanKind, SpanStatusCode } from "@opentelemetry/api";
import type { ReadableSpan } from "../../src/tracing/export/readable_span.ts";

// Nothing listens there, and fetch does not refuse it by itself as it does with low ports.
export const CLOSED_ENDPOINT = "http://127.0.0.1:49151/v1/traces";

/** A span of one second that says nothing but its name. */
export function spanNamed(name: string, more: Partial<ReadableSpan> = {}): ReadableSpan {
  return {
    name,
    kind: SpanKind.INTERNAL,
    spanContext: () => ({ traceId: "a".repeat(32), spanId: "b".repeat(16), traceFlags: 1 }),
    startTime: [1_700_000_000, 0],
    endTime: [1_700_000_001, 0],
    status: { code: SpanStatusCode.UNSET },
    attributes: {},
    links: [],
    events: [],
    resource: { attributes: {} },
    instrumentationScope: { name: "test" },
    droppedAttributesCount: 0,
    droppedEventsCount: 0,
    droppedLinksCount: 0,
    ...more,
  };
}
