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
import { context, diag, propagation, trace } from "@opentelemetry/api";
import type { TracerProvider } from "@opentelemetry/sdk-trace";
import { waitUpTo } from "./otlp/deadline.ts";
import { traceContextPropagator } from "./trace/propagator.ts";
import { newProvider } from "./otlp/provider.ts";
import type { TracingOptions } from "./otlp/tracing_options.ts";
import { isTrue } from "./otlp/variables.ts";
import { setChosenRoots } from "./trace/chosen_root.ts";
import { newContextManager } from "./trace/context_manager.ts";
import { flushSpans } from "./trace/flush.ts";

export type { TracingOptions };

/** Tracing that has been set up. Neither call rejects, whatever the collector does. */
export interface Tracing {
  /** Sends what is held, within the export timeout. On workerd: `ctx.waitUntil(forceFlush())`. */
  forceFlush(): Promise<void>;
  /** Sends what is held and takes tracing down; `initTracing` may be called again. */
  shutdown(): Promise<void>;
}

/**
 * Sets tracing up: call it once, before the first job. Nothing is exported until there is an
 * endpoint. `OTEL_SDK_DISABLED=true` leaves only the propagation of contexts.
 *
 * Where a tracer provider is registered already (another SDK, `OTEL_DENO=true`, an earlier call),
 * that one stays, and a warning says so.
 *
 * @throws {RangeError} when the endpoint cannot work or the sampling ratio is not 0 to 1.
 * @throws {TypeError} when a header cannot be sent.
 * @throws {Error} when `@opentelemetry/sdk-trace` is not installed.
 */
export async function initTracing(options: TracingOptions = {}): Promise<Tracing> {
  const exportTimeoutMs = checkTimeout(options.exportTimeoutMs ?? 10_000);
  const isDisabled = isTrue("OTEL_SDK_DISABLED", options.env);
  const provider = isDisabled ? undefined : await newProvider(options, exportTimeoutMs);
  const unregister = register(provider);
  // The exporter keeps to its timeout and says what was lost; the rest is for others' processors.
  const flush = () => flushSpans(exportTimeoutMs + 1_000);
  if (unregister === undefined) return { forceFlush: flush, shutdown: flush };

  let ended: Promise<void> | undefined;
  const end = async (): Promise<void> => {
    await flush();
    await waitUpTo(exportTimeoutMs, shutDown(provider));
    unregister();
  };
  return { forceFlush: flush, shutdown: () => ended ??= end() };
}

function checkTimeout(ms: number): number {
  if (typeof ms === "number" && ms >= 1 && ms <= 0x7fff_ffff) return ms;
  throw new RangeError(`exportTimeoutMs must be 1 to 2147483647 ms: got ${String(ms)}`);
}

/**
 * Makes tracing known to the whole process, where nobody has done so before.
 *
 * @returns what takes it back; `undefined` when another provider was there first.
 */
function register(provider: TracerProvider | undefined): (() => void) | undefined {
  if (provider !== undefined && !trace.setGlobalTracerProvider(provider)) {
    console.warn(
      "initTracing changed nothing: a tracer provider is registered already, and that one is used",
    );
    return undefined;
  }
  setChosenRoots(provider !== undefined);
  const contextManager = newContextManager();
  const hasContext = contextManager !== undefined &&
    context.setGlobalContextManager(contextManager);
  const hasPropagation = propagation.setGlobalPropagator(traceContextPropagator);
  return () => {
    setChosenRoots(false);
    if (provider !== undefined) trace.disable();
    if (hasContext) context.disable();
    if (hasPropagation) propagation.disable();
  };
}

async function shutDown(provider: TracerProvider | undefined): Promise<void> {
  try {
    await provider?.shutdown();
  } catch (error) {
    diag.error("A span processor did not shut down", error);
  }
}
