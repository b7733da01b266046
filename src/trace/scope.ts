/**
 * The running job, available to everything its handler calls, so that jobs it enqueues get its trace,
 * its correlation id and the job as their parent. It is an AsyncLocalStorage of hammerwork's own and
 * works without tracing. On runtimes without one (workerd without `nodejs_compat`), `ctx.enqueue`
 * carries the scope instead.
 *
 * hammerwork's own context manager keeps OpenTelemetry's context in the same AsyncLocalStorage: on some
 * runtimes each of them that a job enters costs as much as all else that is done for it.
 *
 * @module
 */
import type { Context, Span } from "@opentelemetry/api";
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
  /** Makes a value the current one until what is called now returns. Not every runtime has it. */
  enterWith?(store: T): void;
}

interface AsyncHooks {
  readonly AsyncLocalStorage: new () => unknown;
  readonly AsyncResource: new (type: string) => AsyncResource;
}

/** What remembers what was active where it was made. */
interface AsyncResource {
  /** Calls `fn` with that active. */
  runInAsyncScope<A, B, R>(fn: (a: A, b: B) => R, thisArg: undefined, a: A, b: B): R;
}

/** Creates an AsyncLocalStorage where the runtime has one, without importing `node:`. */
export function newAsyncStorage<T>(): AsyncStorage<T> | undefined {
  const hooks = builtinModule<AsyncHooks>("node:async_hooks");
  return hooks && new hooks.AsyncLocalStorage() as AsyncStorage<T>;
}

/** What is passed on across the awaits of a call. */
export interface Surroundings {
  /** The running job, if any. */
  readonly scope: JobScope | undefined;
  /** The context of hammerwork's own context manager. */
  readonly context: Context | undefined;
}

/** Where they are kept; `undefined` where the runtime has no AsyncLocalStorage. */
export const surroundings: AsyncStorage<Surroundings> | undefined = newAsyncStorage();

/** The job whose handler is the caller, if any. */
export function currentScope(): JobScope | undefined {
  return surroundings?.getStore()?.scope;
}

/** Calls `fn` within the scope of a job, or outside of any. */
export function runInScope<R>(scope: JobScope | undefined, fn: () => R): R {
  const outer = surroundings?.getStore();
  if (surroundings === undefined || outer?.scope === scope) return fn();
  return surroundings.run({ scope, context: outer?.context }, fn);
}

/**
 * Calls functions with surroundings of their own, from where it was made, whatever is active where it is
 * called. Node keeps what is active in maps: `run` makes one when it begins and another when it ends.
 * This makes one.
 */
export class Entrance {
  readonly #resource: AsyncResource | undefined = newResource();

  /** Calls `fn` within these surroundings. */
  enter<R>(within: Surroundings, fn: () => R): R {
    if (surroundings === undefined) return fn();
    if (this.#resource === undefined) return surroundings.run(within, fn);
    return this.#resource.runInAsyncScope(enterAndCall<R>, undefined, within, fn);
  }
}

function enterAndCall<R>(within: Surroundings, fn: () => R): R {
  // What was active is so again when `runInAsyncScope` returns.
  surroundings!.enterWith!(within);
  return fn();
}

/** Makes a function that is called with what is active here, whatever is active where it is called. */
export function boundHere<A>(fn: (value: A) => void): (value: A) => void {
  const hooks = builtinModule<AsyncHooks>("node:async_hooks");
  if (hooks === undefined) return fn;
  const resource = new hooks.AsyncResource("hammerwork.loop");
  return (value) => resource.runInAsyncScope(fn, undefined, value, undefined);
}

/** Elsewhere than on Node from 24 on, `run` is as quick, or quicker. */
function newResource(): AsyncResource | undefined {
  const [, major] = /^Node\.js\/(\d+)/.exec(globalThis.navigator?.userAgent ?? "") ?? [];
  if (Number(major ?? 0) < FIRST_WITH_MAPS) return undefined;
  const hooks = builtinModule<AsyncHooks>("node:async_hooks");
  return hooks && new hooks.AsyncResource("hammerwork.jobs");
}

const FIRST_WITH_MAPS = 24;
