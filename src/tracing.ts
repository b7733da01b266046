/**
 * Tracing in one call: OpenTelemetry's SDK, a context that survives `await`, and an exporter over
 * `fetch`, the same on Node, Bun, Deno and workerd. It needs the package `@opentelemetry/sdk-trace`,
 * 2.12 or 3.x. An application that sets up OpenTelemetry itself does not need this entry: hammerwork
 * uses the tracer provider that is registered.
 *
 * ```ts
 * import { initTracing } from "hammerwork/tracing";
 * import { trace } from "@opentelemetry/api";
 * import assert from "node:assert/strict";
 *
 * const tracing = await initTracing({ serviceName: "shop", samplingRatio: 1 });
 * const span = trace.getTracer("shop").startSpan("check out");
 * assert.ok(span.isRecording());
 * span.end();
 * await tracing.shutdown();
 * ```
 *
 * @module
 */
import { diag } from "@opentelemetry/api";
import type { TracerProvider } from "@opentelemetry/sdk-trace";
import { flushSpans } from "./trace/tracer.ts";
import { checkTracingOptions } from "./tracing/options.ts";
import { exportTimeoutOf } from "./tracing/destination.ts";
import { newProvider } from "./tracing/provider.ts";
import { register } from "./tracing/registration.ts";
import type { TracingOptions } from "./tracing/options.ts";
import { isTrue } from "./tracing/variables.ts";
import { withTimeLimit } from "./timers.ts";

export type { TracingOptions };

/** Tracing that has been set up. Its calls never reject, whatever the collector does. */
export interface Tracing {
  /**
   * Sends the spans held back so far, within the export timeout. On workerd:
   * `ctx.waitUntil(forceFlush())`.
   */
  forceFlush(): Promise<void>;
  /**
   * Sends the spans held back so far and unregisters tracing. `initTracing` may be called again.
   */
  shutdown(): Promise<void>;
  /**
   * How many recorded spans have been lost: dropped because the queue was full, given up because the
   * collector could not be reached in time, or rejected by the collector.
   */
  readonly droppedSpans: number;
}

/**
 * Sets up tracing. Call it once, before the first job. Without an endpoint, in the options or in
 * `OTEL_EXPORTER_OTLP_ENDPOINT`, nothing is exported. `OTEL_SDK_DISABLED=true` leaves only the
 * propagation of contexts.
 *
 * If a tracer provider is registered already (by another SDK, `OTEL_DENO=true` or an earlier call), it
 * stays registered, and a warning says so. A warning is also printed when two incompatible copies of
 * `@opentelemetry/api` are installed.
 *
 * @throws {RangeError} when the endpoint cannot work or an option is out of its range.
 * @throws {TypeError} when an option is unknown or has the wrong type, or a header cannot be sent.
 * @throws {Error} when `@opentelemetry/sdk-trace` is not installed.
 */
export async function initTracing(options: TracingOptions = {}): Promise<Tracing> {
  checkTracingOptions(options);
  const exportTimeoutMs = exportTimeoutOf(options);
  const isDisabled = isTrue("OTEL_SDK_DISABLED", options.env);
  const own = isDisabled ? undefined : await newProvider(options, exportTimeoutMs);
  const unregister = register(own);
  // The batch processor keeps to its timeout itself; the extra second is for other span processors.
  const limitMs = exportTimeoutMs + 1_000;
  const forceFlush = () => flushSpans(limitMs);
  if (unregister === undefined) return { forceFlush, shutdown: forceFlush, droppedSpans: 0 };

  let ended: Promise<void> | undefined;
  const end = async (): Promise<void> => {
    await withTimeLimit(limitMs, shutDown(own?.provider));
    unregister();
  };
  return {
    forceFlush,
    shutdown: () => ended ??= end(),
    get droppedSpans() {
      return own?.lostSpans() ?? 0;
    },
  };
}

async function shutDown(provider: TracerProvider | undefined): Promise<void> {
  try {
    await provider?.shutdown();
  } catch (error) {
    diag.error("A span processor did not shut down", error);
  }
}
