/**
 * The running job, available to everything its handler calls, so that jobs it enqueues get its trace,
 * its correlation id and the job as their parent. It is an AsyncLocalStorage of hammerwork's own and
 * works without tracing. On runtimes without one (workerd without `nodejs_compat`), `ctx.enqueue`
 * carries the scope instead.
 *
 * @module
 */
import type { Span } from "@opentelemetry/api";
import { builtinModule } from "../builtin_module.ts";
import type { JobRecord } from "../job/record.ts";

/** What a running job passes on to the jobs that it enqueues. */
export interface JobScope {
  /** The id of the running job, the parent of the jobs that it enqueues. */
  readonly jobId: string;
  /** Its queue. */
  readonly queueName: string;
  /** The trace of the attempt. */
  readonly traceId: string;
  /** The correlation id of its business process. */
  readonly correlationId: string | undefined;
  /** The W3C baggage that was stored with it. */
  readonly baggage: string | undefined;
  /** The span of the attempt. Without tracing it records nothing. */
  readonly span: Span;
  /** Called with jobs that it enqueued and that were cancelled as they were stored. Never throws. */
  readonly onCancelled?: ((jobs: readonly JobRecord[]) => void) | undefined;
}

/** The key of the scope in a handler's context. */
export const jobScope: unique symbol = Symbol("hammerwork.job_scope");

/** The part of AsyncLocalStorage that is used here. */
export interface AsyncStorage<T> {
  /** Calls `fn` with `store` as the current value, also across its awaits. */
  run<R>(store: T, fn: () => R): R;
  /** The current value. */
  getStore(): T | undefined;
}

interface AsyncHooks {
  readonly AsyncLocalStorage: new () => unknown;
}

/** Creates an AsyncLocalStorage where the runtime has one, without importing `node:`. */
export function newAsyncStorage<T>(): AsyncStorage<T> | undefined {
  const hooks = builtinModule<AsyncHooks>("node:async_hooks");
  return hooks && new hooks.AsyncLocalStorage() as AsyncStorage<T>;
}

const scopes = newAsyncStorage<JobScope | undefined>();

/** The job whose handler is the caller, if any. */
export function currentScope(): JobScope | undefined {
  return scopes?.getStore();
}

/** Calls `fn` within the scope of a job. */
export function runInScope<R>(scope: JobScope, fn: () => R): R {
  return scopes ? scopes.run(scope, fn) : fn();
}

/** Calls `fn` outside of any job's scope. */
export function runOutsideScope<R>(fn: () => R): R {
  return scopes ? scopes.run(undefined, fn) : fn();
}
