/**
 * Two copies of `@opentelemetry/api` in one process. They share a global registry, which has the
 * version of the copy that was first to register something. A copy with a higher minor version gets
 * only empty spans from it, without an error; a copy of any other version can register nothing.
 *
 * @module
 */
import { trace } from "@opentelemetry/api";

interface Registry {
  readonly version?: string;
  readonly context?: object;
  readonly trace?: unknown;
}

// The same for every 1.x version of the API.
const REGISTRY = Symbol.for("opentelemetry.js.api.1");
const globals = globalThis as { readonly [REGISTRY]?: Registry | undefined };

/** The version of the copy that was first to register something. */
export function registeredVersion(): string | undefined {
  return globals[REGISTRY]?.version;
}

/** Whether a provider is registered, and whether hammerwork's copy gets it or only an empty one. */
export function providerVisibility(): "visible" | "hidden" | "none" {
  const registered = globals[REGISTRY]?.trace;
  if (registered === undefined) return "none";
  return trace.getTracerProvider() === registered ? "visible" : "hidden";
}

/** The context manager. Where none is registered, no code can see a context. */
export function registeredContextManager(): object | undefined {
  return globals[REGISTRY]?.context;
}

/** The remedy, for warnings. */
export const oneCopyRemedy = "install one version for both (npm ls @opentelemetry/api)";

// Of the process, as providers are: each is warned of once, however many workers there are.
const reportedProviders = new WeakSet<object>();

/** Warns, once for each provider, that hammerwork's copy of the API does not get it. */
export function warnOfHiddenProvider(): void {
  const provider = globals[REGISTRY]?.trace;
  if (typeof provider !== "object" || provider === null || reportedProviders.has(provider)) return;
  if (providerVisibility() !== "hidden") return;
  reportedProviders.add(provider);
  console.warn(
    "hammerwork makes no spans: a tracer provider is registered through @opentelemetry/api " +
      `${registeredVersion()}, and hammerwork's own, newer copy gets only empty spans from it: ` +
      oneCopyRemedy,
  );
}
