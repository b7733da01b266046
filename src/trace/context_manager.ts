/**
 * OpenTelemetry's active context, kept across awaits, timers and interleaved jobs. The manager that
 * comes with the SDK forgets it at the first `await`, and the one of `context-async-hooks` cannot be
 * bundled for workerd, where its `disable` throws.
 *
 * @module
 */
import { type Context, type ContextManager, ROOT_CONTEXT } from "@opentelemetry/api";
import { type AsyncStorage, newAsyncStorage } from "./scope.ts";

/** Makes a context manager; `undefined` where the runtime has no AsyncLocalStorage. */
export function newContextManager(): ContextManager | undefined {
  const contexts = newAsyncStorage<Context>();
  return contexts && new AsyncContextManager(contexts);
}

class AsyncContextManager implements ContextManager {
  readonly #contexts: AsyncStorage<Context>;

  constructor(contexts: AsyncStorage<Context>) {
    this.#contexts = contexts;
  }

  active(): Context {
    return this.#contexts.getStore() ?? ROOT_CONTEXT;
  }

  with<A extends unknown[], F extends (...args: A) => ReturnType<F>>(
    context: Context,
    fn: F,
    thisArg?: ThisParameterType<F>,
    ...args: A
  ): ReturnType<F> {
    return this.#contexts.run(context, () => fn.apply(thisArg, args));
  }

  bind<T>(context: Context, target: T): T {
    if (typeof target !== "function") return target;
    const contexts = this.#contexts;
    const bound = function (this: unknown, ...args: unknown[]): unknown {
      return contexts.run(context, () => target.apply(this, args));
    };
    // Express tells an error handler from others by the number of its parameters.
    Object.defineProperty(bound, "length", { value: target.length, configurable: true });
    return bound as T;
  }

  enable(): this {
    return this;
  }

  // There is nothing to release: a context lives as long as the call that it was given to.
  disable(): this {
    return this;
  }
}
