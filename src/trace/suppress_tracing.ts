/**
 * The mark in a context that says "make no spans of this", as the SDK and its instrumentations
 * understand it.
 *
 * @module
 */
import { type Context, context, createContextKey } from "@opentelemetry/api";

// The SDK's own key: a key of this name is the same in every copy of the API.
const SUPPRESS_TRACING = createContextKey("OpenTelemetry SDK Context Key SUPPRESS_TRACING");

/** Calls `fn` so that nothing in it is traced. */
export function runWithoutTracing<T>(fn: () => T): T {
  return context.with(context.active().setValue(SUPPRESS_TRACING, true), fn);
}

/** Whether a context carries the mark. */
export function isTracingSuppressed(context: Context): boolean {
  return context.getValue(SUPPRESS_TRACING) === true;
}
