/**
 * No context is looked at.
 *
 * @module
 */
import { ROOT_CONTEXT } from "@opentelemetry/api";
import type * as traced from "../../../src/trace/active_context.ts";

/** There is none. */
export const activeSpanContext: typeof traced.activeSpanContext = () => undefined;

/** Calls. */
export const runInContext: typeof traced.runInContext = (_context, fn) => fn();

/** It is empty. */
export const newTickContext: typeof traced.newTickContext = () => ROOT_CONTEXT;

/** There is none. */
export const tickSpanContext: typeof traced.tickSpanContext = () => undefined;

/** Calls. */
export const runWithoutTracing: typeof traced.runWithoutTracing = (fn) => fn();

/** There is no mark. */
export const isTracingSuppressed: typeof traced.isTracingSuppressed = () => false;
