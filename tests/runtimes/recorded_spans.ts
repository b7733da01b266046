/** Tracing for one test file, whose spans are recorded in the process, on every runtime. */

import { propagation, type Span, type SpanContext, trace } from "@opentelemetry/api";
import type { ReadableSpan, SpanProcessor } from "@opentelemetry/sdk-trace";
import assert from "node:assert/strict";
import { initTracing, type Tracing, type TracingOptions } from "../../src/tracing.ts";

/** The spans of a test, and what it asks of them. */
export interface RecordedSpans {
  /** In the order in which they ended. */
  readonly ended: ReadableSpan[];
  /** What was known of each when it was started, in this order. */
  readonly started: StartedSpan[];
  /** How many were started. */
  startedCount(): number;
  /** The only one of a name. */
  one(name: string): ReadableSpan;
  /** All of a name. */
  all(name: string): readonly ReadableSpan[];
  /** Forgets them. */
  clear(): void;
}

/** A span as a processor sees it begin. */
export interface StartedSpan {
  readonly name: string;
  /** The name of the span in its context, if that is one of this process. */
  readonly parent: string | undefined;
  /** The baggage in its context, of this name. */
  readonly tenant: string | undefined;
}

/** Sets tracing up, blind to the environment that the tests run in, and keeps every span. */
export async function recordSpans(
  options: TracingOptions = {},
): Promise<{ spans: RecordedSpans; tracing: Tracing }> {
  const ended: ReadableSpan[] = [];
  const started: StartedSpan[] = [];
  const keeper: SpanProcessor = {
    onStart: ({ name }, context) => {
      const parent = trace.getSpan(context) as (ReadableSpan & Span) | undefined;
      const tenant = propagation.getBaggage(context)?.getEntry("tenant")?.value;
      started.push({ name, parent: parent && (parent.name ?? "remote"), tenant });
    },
    onEnd: (span) => void ended.push(span),
    forceFlush: () => Promise.resolve(),
    shutdown: () => Promise.resolve(),
  };
  const tracing = await initTracing({ env: {}, ...options, spanProcessors: [keeper] });
  const all = (name: string) => ended.filter((span) => span.name === name);
  const one = (name: string): ReadableSpan => {
    const found = all(name);
    assert.equal(found.length, 1, `one span "${name}" among: ${ended.map((span) => span.name)}`);
    return found[0]!;
  };
  const clear = () => {
    ended.length = 0;
    started.length = 0;
  };
  return {
    tracing,
    spans: { ended, started, startedCount: () => started.length, one, all, clear },
  };
}

/** A span's own context as W3C writes it. */
export function traceparentOf(span: { spanContext(): SpanContext }): string {
  const { traceId, spanId, traceFlags } = span.spanContext();
  return `00-${traceId}-${spanId}-0${traceFlags}`;
}

/** The id of the span above. */
export function parentOf(span: ReadableSpan): string | undefined {
  return span.parentSpanContext?.spanId;
}

/** Its links, each with what it says the other one is. */
export function linksOf(span: ReadableSpan): readonly (readonly [string, string])[] {
  return span.links.map(({ attributes, context }) =>
    [
      String(attributes?.["hammerwork.link"]),
      traceparentOf({ spanContext: () => context }),
    ] as const
  );
}
