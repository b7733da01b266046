/**
 * A job's scope without AsyncLocalStorage: nothing that a handler calls finds it.
 *
 * @module
 */
import type * as traced from "../../../src/trace/scope.ts";

export const jobScope: unique symbol = Symbol("hammerwork.job_scope");

/** Makes none. */
export const newAsyncStorage: typeof traced.newAsyncStorage = () => undefined;

/** There is none. */
export const surroundings: typeof traced.surroundings = undefined;

/** There is none. */
export const currentScope: typeof traced.currentScope = () => undefined;

/** Calls. */
export const runInScope: typeof traced.runInScope = (_scope, fn) => fn();

/** There is none. */
export class Entrance {
  /** Calls. */
  enter<R>(_within: unknown, fn: () => R): R {
    return fn();
  }
}

/** There is nothing to bind to. */
export const boundHere: typeof traced.boundHere = (fn) => fn;
