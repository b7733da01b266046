/**
 * The registered tracer provider.
 *
 * @module
 */
import { ProxyTracerProvider, trace, type Tracer, type TracerProvider } from "@opentelemetry/api";
import { instrumentationScope } from "../instrumentation_scope.ts";
import { withTimeLimit } from "../timers.ts";

// One for the process, as the registered provider is: a provider always returns the same tracer for
// the same name.
let cache: { readonly provider: TracerProvider; readonly tracer: Tracer | undefined } | undefined;

/**
 * The tracer, or `undefined` when no provider is registered: then no span is built at all. A provider
 * that throws counts as none.
 */
export function activeTracer(): Tracer | undefined {
  try {
    const registered = trace.getTracerProvider();
    const proxy = registered instanceof ProxyTracerProvider ? registered : undefined;
    const provider = proxy?.getDelegate() ?? registered;
    if (provider !== cache?.provider) {
      const { name, version, schemaUrl } = instrumentationScope;
      const tracer = proxy
        ? proxy.getDelegateTracer(name, version, { schemaUrl })
        : provider.getTracer(name, version, { schemaUrl });
      cache = { provider, tracer };
    }
    return cache.tracer;
  } catch {
    return undefined;
  }
}

/** Asks the registered provider to send the spans that it holds, for at most this long. Never rejects. */
export async function flushSpans(timeoutMs: number): Promise<void> {
  const registered = trace.getTracerProvider();
  const provider = registered instanceof ProxyTracerProvider
    ? registered.getDelegate()
    : registered;
  const { forceFlush } = provider as { forceFlush?: () => Promise<void> };
  if (typeof forceFlush !== "function") return;
  try {
    await withTimeLimit(timeoutMs, forceFlush.call(provider));
  } catch {
    // The exporter reports its own failures; the jobs are done either way.
  }
}

/** Calls something of a tracer, whose errors must not change what becomes of a job. */
export function ignoreErrors(call: () => void): void {
  try {
    call();
  } catch {
    // There is nothing to do about it.
  }
}
