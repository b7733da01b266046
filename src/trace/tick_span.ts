/**
 * The span that is active where a tick begins, such as a request's or a cron trigger's. A job's trace
 * does not belong below it, so the tick runs outside of it; each attempt links to it instead.
 *
 * @module
 */
import { type Context, createContextKey, ROOT_CONTEXT, type SpanContext } from "@opentelemetry/api";
import { activeContext, activeSpanContext } from "./tracer.ts";

const SPAN_OF_TICK = createContextKey("hammerwork.span_of_tick");

/** A context that holds nothing but the memory of the caller's active span. */
export function newTickContext(): Context {
  const active = activeSpanContext();
  return active === undefined ? ROOT_CONTEXT : ROOT_CONTEXT.setValue(SPAN_OF_TICK, active);
}

/** The span that the running tick was called in, if any. */
export function tickSpanContext(): SpanContext | undefined {
  return activeContext().getValue(SPAN_OF_TICK) as SpanContext | undefined;
}
