/** Tracing for one test: set up blind to the environment that the tests run in, and taken down. */

import { ROOT_CONTEXT, type SpanContext, trace } from "@opentelemetry/api";
import type { ReadableSpan, SpanProcessor } from "@opentelemetry/sdk-trace";
import { initTracing, type Tracing, type TracingOptions } from "../../src/tracing.ts";

let tracing: Tracing | undefined;

/** Sets tracing up. */
export async function init(options: TracingOptions = {}): Promise<Tracing> {
  return tracing = await initTracing({ env: {}, ...options });
}

/** For `afterEach`. */
export async function endTracing(): Promise<void> {
  await tracing?.shutdown();
  tracing = undefined;
}

/** A processor that keeps what it gets. */
export function newSpanRecorder(): SpanProcessor & { spans: ReadableSpan[] } {
  const spans: ReadableSpan[] = [];
  return {
    spans,
    onStart: () => {},
    onEnd: (span) => void spans.push(span),
    forceFlush: async () => {},
    shutdown: async () => {},
  };
}

/** Starts and ends a span, as a root or under a parent. */
export function record(name: string, parent?: SpanContext): SpanContext {
  const under = parent ? trace.setSpanContext(ROOT_CONTEXT, parent) : ROOT_CONTEXT;
  const span = trace.getTracer("test").startSpan(name, {}, under);
  span.end();
  return span.spanContext();
}

/** What is written with `console.warn` meanwhile. */
export function warningsOf(run: () => Promise<unknown>): Promise<string[]> {
  return writtenWith("warn", run);
}

/** What is written with `console.log` meanwhile. */
export function printed(run: () => Promise<unknown>): Promise<string[]> {
  return writtenWith("log", run);
}

async function writtenWith(method: "log" | "warn", run: () => Promise<unknown>): Promise<string[]> {
  const lines: string[] = [];
  const original = console[method];
  console[method] = (line: string) => void lines.push(line);
  try {
    await run();
  } finally {
    console[method] = original;
  }
  return lines;
}

/** What a resource says of the service, without what it always says of the SDK and of itself. */
export function serviceIn(resource: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(resource).filter(([key]) =>
      !key.startsWith("telemetry.sdk.") && key !== "service.instance.id"
    ),
  );
}
