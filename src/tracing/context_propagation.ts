/**
 * How OpenTelemetry's context is passed on: across awaits, timers and interleaved jobs within the process,
 * and in the headers of W3C Trace Context between processes. The context manager of the SDK loses the
 * context at the first `await`, and the one of `context-async-hooks` cannot be bundled for workerd,
 * where its `disable` throws. The SDK does not export its propagator.
 *
 * @module
 */
import {
  type Context,
  type ContextManager,
  ROOT_CONTEXT,
  type TextMapPropagator,
  trace,
} from "@opentelemetry/api";
import { formatTraceparent } from "../job/traceparent.ts";
import { isOwnManager, isTracingSuppressed } from "../trace/active_context.ts";
import { type AsyncStorage, type Surroundings, surroundings } from "../trace/scope.ts";
import { readTraceparent } from "../trace/span_context.ts";

/** Makes a context manager over AsyncLocalStorage; `undefined` where the runtime has none. */
export function newContextManager(): ContextManager | undefined {
  return surroundings && new AsyncContextManager(surroundings);
}

class AsyncContextManager implements ContextManager {
  readonly [isOwnManager] = true;
  readonly #surroundings: AsyncStorage<Surroundings>;

  constructor(surroundings: AsyncStorage<Surroundings>) {
    this.#surroundings = surroundings;
  }

  active(): Context {
    return this.#surroundings.getStore()?.context ?? ROOT_CONTEXT;
  }

  with<A extends unknown[], F extends (...args: A) => ReturnType<F>>(
    context: Context,
    fn: F,
    thisArg?: ThisParameterType<F>,
    ...args: A
  ): ReturnType<F> {
    return this.#run(context, () => fn.apply(thisArg, args));
  }

  bind<T>(context: Context, target: T): T {
    if (typeof target !== "function") return target;
    const run = (fn: () => unknown) => this.#run(context, fn);
    const bound = function (this: unknown, ...args: unknown[]): unknown {
      return run(() => target.apply(this, args));
    };
    // Express tells an error handler from others by the number of its parameters.
    Object.defineProperty(bound, "length", { value: target.length, configurable: true });
    return bound as T;
  }

  #run<R>(context: Context, fn: () => R): R {
    const scope = this.#surroundings.getStore()?.scope;
    return this.#surroundings.run({ scope, context }, fn);
  }

  enable(): this {
    return this;
  }

  // There is nothing to release: a context lives as long as the call it was set for.
  disable(): this {
    return this;
  }
}

/** Reads and writes the headers `traceparent` and `tracestate`. */
export const traceContextPropagator: TextMapPropagator = {
  fields: () => ["traceparent", "tracestate"],

  inject(context, carrier, setter) {
    const spanContext = trace.getSpanContext(context);
    if (spanContext === undefined || isTracingSuppressed(context)) return;
    const traceparent = formatTraceparent(spanContext);
    if (traceparent === undefined) return;
    setter.set(carrier, "traceparent", traceparent);
    const tracestate = spanContext.traceState?.serialize();
    if (tracestate) setter.set(carrier, "tracestate", tracestate);
  },

  extract(context, carrier, getter) {
    const traceparent = [getter.get(carrier, "traceparent") ?? []].flat();
    const tracestate = [getter.get(carrier, "tracestate") ?? []].flat();
    // Trace Context 3.2 and 3.3: several traceparents are none, several tracestates are joined.
    const spanContext = traceparent.length === 1
      ? readTraceparent(traceparent[0], tracestate.join(","))
      : undefined;
    return spanContext === undefined ? context : trace.setSpanContext(context, spanContext);
  },
};
