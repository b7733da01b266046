/**
 * Sending the spans that are still held: a process that ends takes them with it.
 *
 * @module
 */
import { ProxyTracerProvider, trace } from "@opentelemetry/api";

/** Asks the registered provider to send what it holds, and waits at most this long. Never rejects. */
export async function flushSpans(withinMs: number): Promise<void> {
  const registered = trace.getTracerProvider();
  const provider = registered instanceof ProxyTracerProvider
    ? registered.getDelegate()
    : registered;
  const { forceFlush } = provider as { forceFlush?: () => Promise<void> };
  if (typeof forceFlush !== "function") return;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const limit = new Promise<void>((resolve) => timer = setTimeout(resolve, withinMs));
  try {
    await Promise.race([forceFlush.call(provider), limit]);
  } catch {
    // The exporter reports its own failures; a job is done either way.
  } finally {
    clearTimeout(timer);
  }
}
