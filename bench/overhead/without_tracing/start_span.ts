/**
 * No span is started.
 *
 * @module
 */
import { INVALID_SPAN_CONTEXT, trace } from "@opentelemetry/api";
import type * as traced from "../../../src/trace/start_span.ts";

/** Starts none. */
export const startSpan: typeof traced.startSpan = () => trace.wrapSpanContext(INVALID_SPAN_CONTEXT);

/** There is none. */
export const activeParent: typeof traced.activeParent = () => undefined;

/** There is none. */
export const parentOf: typeof traced.parentOf = () => undefined;
