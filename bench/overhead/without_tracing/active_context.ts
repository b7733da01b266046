/**
 * No context is looked at.
 *
 * @module
 */
import { runInScope } from "../../../src/trace/scope.ts";
import type * as traced from "../../../src/trace/active_context.ts";

/** There is none. */
export const activeSpanContext: typeof traced.activeSpanContext = () => undefined;

/** Calls. */
export const runInContext: typeof traced.runInContext = (_context, fn) => fn();

/** Calls, as a part of the job. */
export const runAsJob: typeof traced.runAsJob = (scope, _attempt, entrance, fn) =>
  entrance.enter({ scope, context: undefined }, fn);

/** Calls, outside of the job that is active. */
export const runOutside: typeof traced.runOutside = (fn) => runInScope(undefined, fn);

/** There is none. */
export const tickSpanContext: typeof traced.tickSpanContext = () => undefined;

/** Calls. */
export const runWithoutTracing: typeof traced.runWithoutTracing = (fn) => fn();

/** The mark of a manager that nobody looks for. */
export const isOwnManager: unique symbol = Symbol("hammerwork.is_own_manager");

/** There is no mark. */
export const isTracingSuppressed: typeof traced.isTracingSuppressed = () => false;
