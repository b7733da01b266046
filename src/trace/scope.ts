/**
 * The running job, known to everything its handler calls, so that what it enqueues joins its trace,
 * its business process and its family by itself. Our own AsyncLocalStorage: it works without any
 * tracing set up. Where a runtime has none (workerd without `nodejs_compat`), `ctx.enqueue` carries
 * the scope instead.
 *
 * @module
 */
import type { Span } from "@opentelemetry/api";
import type { JobRecord } from "../job/record.ts";

/** What a running job passes on. */
export interface JobScope {
  /** The running job's id: the parent of what it enqueues. */
  readonly jobId: string;
  /** The queue it came from. */
  readonly queueName: string;
  /** The trace that its attempt runs in. */
  readonly traceId: string;
  /** Its business process. */
  readonly correlationId: string | undefined;
  /** What it was given of its caller's baggage. */
  readonly baggage: string | undefined;
  /** The attempt's span. It records nothing where no tracing is set up. */
  readonly span: Span;
  /** Hears of what it enqueues and is cancelled as it is stored. Never throws. */
  readonly onCancelled?: ((jobs: readonly JobRecord[]) => void) | undefined;
}

/** Under this key a handler's context carries its job's scope. */
export const jobScope: unique symbol = Symbol("hammerwork.job_scope");

/** The part of AsyncLocalStorage that is used. */
export interface AsyncStorage<T> {
  /** Calls `fn` with `store` as the current value, also across its awaits. */
  run<R>(store: T, fn: () => R): R;
  /** The current value. */
  getStore(): T | undefined;
}

type Runtime = {
  process?: { getBuiltinModule?: (name: string) => { AsyncLocalStorage: new () => unknown } };
};

/** Makes an AsyncLocalStorage where the runtime has one, without a static import of `node:`. */
export function newAsyncStorage<T>(): AsyncStorage<T> | undefined {
  const hooks = (globalThis as Runtime).process?.getBuiltinModule?.("node:async_hooks");
  return hooks && new hooks.AsyncLocalStorage() as AsyncStorage<T>;
}

const scopes = newAsyncStorage<JobScope | undefined>();

/** The job whose handler is calling, if any. */
export function currentScope(): JobScope | undefined {
  return scopes?.getStore();
}

/** Calls `fn` as a part of the given job. */
export function runInScope<R>(scope: JobScope, fn: () => R): R {
  return scopes ? scopes.run(scope, fn) : fn();
}

/** Calls `fn` as a part of no job. */
export function runOutsideScope<R>(fn: () => R): R {
  return scopes ? scopes.run(undefined, fn) : fn();
}
