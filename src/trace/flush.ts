/**
 * Sending the spans that are still held: a process that ends takes them with it.
 *
 * @module
 */
import { ProxyTracerProvider, trace } from "@opentelemetry/api";
import { within } from "../within.ts";

/** Asks the registered provider to send what it holds, and waits at most this long. Never rejects. */
export async function flushSpans(withinMs: number): Promise<void> {
  const registered = trace.getTracerProvider();
  const provider = registered instanceof ProxyTracerProvider
    ? registered.getDelegate()
    : registered;
  const { forceFlush } = provider as { forceFlush?: () => Promise<void> };
  if (typeof forceFlush !== "function") return;
  try {
    await within(withinMs, forceFlush.call(provider));
  } catch {
    // The exporter reports its own failures; a job is done either way.
  }
}
