/**
 * OpenTelemetry's active context, and the two marks that are kept in it. What a context manager throws
 * never reaches a job.
 *
 * @module
 */
import {
  type Context,
  context,
  createContextKey,
  ROOT_CONTEXT,
  type SpanContext,
  trace,
} from "@opentelemetry/api";
import { registeredContextManager } from "./api_copy.ts";
import { type Entrance, type JobScope, runInScope, type Surroundings } from "./scope.ts";
import { validSpanContext } from "./span_context.ts";

/** The caller's active context; an empty one where the context manager throws. */
export function activeContext(): Context {
  try {
    return context.active();
  } catch {
    return ROOT_CONTEXT;
  }
}

/** The context of the caller's active span, if that is valid. */
export function activeSpanContext(): SpanContext | undefined {
  const span = trace.getSpan(activeContext());
  return span && validSpanContext(span);
}

/**
 * Calls `fn` inside a context, if there is one. Whatever the context manager does, `fn` is called
 * exactly once, and its own result or error is passed on.
 */
export function runInContext<R>(within: Context | undefined, fn: () => R): R {
  if (within === undefined) return fn();
  let result: { readonly value: R } | { readonly error: unknown } | undefined;
  const call = () => {
    if (result !== undefined) return;
    try {
      result = { value: fn() };
    } catch (error) {
      result = { error };
    }
  };
  try {
    context.with(within, call);
  } catch {
    // Then it runs without the context.
  }
  call();
  if ("error" in result!) throw result.error;
  return result!.value;
}

/** The mark of a context manager that keeps the active context in `surroundings`. */
export const isOwnManager: unique symbol = Symbol("hammerwork.is_own_manager");

/** What is active while an attempt runs. `context` is read where something may ask for it. */
export interface AttemptContext {
  readonly context: Context;
}

/** Calls `fn` as a part of a job, with the context of its attempt active where there can be one. */
export function runAsJob<R>(
  scope: JobScope,
  attempt: AttemptContext,
  entrance: Entrance,
  fn: () => R,
): R {
  const manager = registeredContextManager();
  if (manager === undefined) return entrance.enter({ scope, context: undefined }, fn);
  if (isOwnManager in manager) return entrance.enter(new JobSurroundings(scope, attempt), fn);
  return runInContext(attempt.context, () => runInScope(scope, fn));
}

/** Most jobs are over before anything has asked for their context. */
class JobSurroundings implements Surroundings {
  readonly scope: JobScope;
  readonly #attempt: AttemptContext;

  constructor(scope: JobScope, attempt: AttemptContext) {
    this.scope = scope;
    this.#attempt = attempt;
  }

  get context(): Context {
    return this.#attempt.context;
  }
}

// Keys of one description are the same in every copy of the API; the first is the SDK's own, so its
// instrumentations see the mark too.
const SUPPRESS_TRACING = createContextKey("OpenTelemetry SDK Context Key SUPPRESS_TRACING");
const TICK_SPAN = createContextKey("hammerwork.span_of_tick");

/** Calls `fn` so that nothing in it is traced. */
export function runWithoutTracing<T>(fn: () => T): T {
  return context.with(context.active().setValue(SUPPRESS_TRACING, true), fn);
}

/** Whether nothing in this context is to be traced. */
export function isTracingSuppressed(context: Context): boolean {
  return context.getValue(SUPPRESS_TRACING) === true;
}

/**
 * Calls `fn` outside of the job and the span that are active here, as a worker does: the jobs that it
 * runs belong to neither. A tick keeps the ids of the span, such as a request's or a cron trigger's,
 * and each of its attempts links to them.
 */
export function runOutside<R>(fn: () => R, { isTick }: { readonly isTick: boolean }): R {
  const active = isTick ? activeSpanContext() : undefined;
  const outside = active === undefined ? ROOT_CONTEXT : ROOT_CONTEXT.setValue(TICK_SPAN, active);
  return runInContext(outside, () => runInScope(undefined, fn));
}

/** The span that was active around the running tick, if any. */
export function tickSpanContext(): SpanContext | undefined {
  return activeContext().getValue(TICK_SPAN) as SpanContext | undefined;
}
