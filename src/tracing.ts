/**
 * Tracing with nothing to set up by hand: OpenTelemetry's SDK, a context that survives `await`, and
 * an exporter over `fetch`, the same on Node, Bun, Deno and workerd. Needs the package
 * `@opentelemetry/sdk-trace`, 2.12 or 3.x. Whoever has set up OpenTelemetry already does without:
 * hammerwork uses the provider that it finds.
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
import { checkOptions } from "./tracing/check_options.ts";
import { exportTimeoutOf } from "./tracing/destination.ts";
import { newProvider } from "./tracing/provider.ts";
import { register } from "./tracing/registration.ts";
import type { TracingOptions } from "./tracing/tracing_options.ts";
import { isTrue } from "./tracing/variables.ts";
import { withTimeLimit } from "./timers.ts";

export type { TracingOptions };

/** Tracing that has been set up. Neither call rejects, whatever the collector does. */
export interface Tracing {
  /** Sends what is held, within the export timeout. On workerd: `ctx.waitUntil(forceFlush())`. */
  forceFlush(): Promise<void>;
  /** Sends what is held and takes tracing down; `initTracing` may be called again. */
  shutdown(): Promise<void>;
  /**
   * How many recorded spans did not arrive so far: dropped because more waited than the queue holds,
   * given up because the collector could not be reached in time, or rejected by it.
   */
  readonly droppedSpans: number;
}

/**
 * Sets tracing up: call it once, before the first job. Nothing is exported until there is an
 * endpoint. `OTEL_SDK_DISABLED=true` leaves only the propagation of contexts.
 *
 * Where a tracer provider is registered already (another SDK, `OTEL_DENO=true`, an earlier call),
 * that one stays, and a warning says so; also where two copies of `@opentelemetry/api` do not fit.
 *
 * @throws {RangeError} when the endpoint cannot work or an option is out of its range.
 * @throws {TypeError} when an option has another name or is of a wrong kind, or a header cannot be sent.
 * @throws {Error} when `@opentelemetry/sdk-trace` is not installed.
 */
export async function initTracing(options: TracingOptions = {}): Promise<Tracing> {
  checkOptions(options);
  const exportTimeoutMs = exportTimeoutOf(options);
  const isDisabled = isTrue("OTEL_SDK_DISABLED", options.env);
  const own = isDisabled ? undefined : await newProvider(options, exportTimeoutMs);
  const unregister = register(own);
  // Our own exporter keeps to its timeout and says what was lost; the rest is for others' processors.
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
