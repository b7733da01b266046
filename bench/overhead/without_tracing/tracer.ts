/**
 * No tracer: no provider is looked for.
 *
 * @module
 */
import type * as traced from "../../../src/trace/tracer.ts";

/** There is none. */
export const activeTracer: typeof traced.activeTracer = () => undefined;

/** Flushes nothing. */
export const flushSpans: typeof traced.flushSpans = () => Promise.resolve();
