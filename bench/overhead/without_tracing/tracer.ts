/**
 * No way to OpenTelemetry: nobody listens, and no context is looked at.
 *
 * @module
 */
import { INVALID_SPAN_CONTEXT, ROOT_CONTEXT, trace } from "@opentelemetry/api";
import type * as traced from "../../../src/trace/tracer.ts";

/** There is none. */
export const activeTracer: typeof traced.activeTracer = () => undefined;

/** Starts none. */
export const startSpan: typeof traced.startSpan = () => trace.wrapSpanContext(INVALID_SPAN_CONTEXT);

/** There is none. */
export const activeContext: typeof traced.activeContext = () => ROOT_CONTEXT;

/** There is none. */
export const activeParent: typeof traced.activeParent = () => undefined;

/** There is none. */
export const activeSpanContext: typeof traced.activeSpanContext = () => undefined;

/** There is none. */
export const parentOf: typeof traced.parentOf = () => undefined;

/** There is none. */
export const validSpanContext: typeof traced.validSpanContext = () => undefined;

/** Calls. */
export const runInContext: typeof traced.runInContext = (_context, fn) => fn();
