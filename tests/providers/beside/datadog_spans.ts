/** The spans that Datadog's tracer sends to its agent. */

import type { ArrivedSpan } from "./arrived_span.ts";
import { readMessagePack } from "./message_pack.ts";
import type { Sent } from "./stand_in.ts";

interface DatadogSpan {
  readonly resource: string;
  readonly trace_id: bigint;
  readonly span_id: bigint;
  readonly parent_id: bigint;
  readonly meta: Readonly<Record<string, string>>;
}

/** Reads what arrived so far. */
export function datadogSpansIn(sent: readonly Sent[]): readonly ArrivedSpan[] {
  return sent
    .filter(({ path, body }) => path === "/v0.4/traces" && body.length > 0)
    .flatMap(({ body }) => readMessagePack(body) as readonly DatadogSpan[][])
    .flat()
    .map(({ resource, trace_id, span_id, parent_id, meta }) => ({
      name: resource,
      // The upper half of an id of 128 bits goes apart; ids that are given come with one.
      traceId: hex(trace_id),
      spanId: hex(span_id),
      parentId: hex(parent_id),
      calledPath: meta["span.kind"] === "client" && meta["http.url"] !== undefined
        ? new URL(meta["http.url"]).pathname
        : undefined,
    }));
}

function hex(id: bigint | number): string {
  return id.toString(16).padStart(16, "0");
}
