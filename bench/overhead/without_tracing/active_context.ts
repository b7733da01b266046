/**
 * No context is looked at.
 *
 * @module
 */
import { runOutsideScope } from "../../../src/trace/scope.ts";
import type * as traced from "../../../src/trace/active_context.ts";

/** There is none. */
export const activeSpanContext: typeof traced.activeSpanContext = () => undefined;

/** Calls. */
export const runInContext: typeof traced.runInContext = (_context, fn) => fn();

/** Calls, outside of the job that is active. */
export const runOutside: typeof traced.runOutside = (fn) => runOutsideScope(fn);

/** There is none. */
export const tickSpanContext: typeof traced.tickSpanContext = () => undefined;

/** Calls. */
export const runWithoutTracing: typeof traced.runWithoutTracing = (fn) => fn();

/** There is no mark. */
export const isTracingSuppressed: typeof traced.isTracingSuppressed = () => false;
