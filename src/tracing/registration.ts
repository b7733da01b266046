/**
 * Tracing made known to the whole process, where nobody has done so before; where somebody has, one
 * sentence says who and what that means.
 *
 * @module
 */
import { context, propagation, trace } from "@opentelemetry/api";
import { apiVersions, oneCopyRemedy, providerVisibility } from "../trace/api_copy.ts";
import { isOwnProviderRegistered, setOwnProvider } from "../trace/root_trace_id.ts";
import { newContextManager, traceContextPropagator } from "./context_propagation.ts";
import type { OwnProvider } from "./provider.ts";

/**
 * Registers the provider, where there is one, a context manager and a propagator.
 *
 * @returns what takes it back; `undefined` when another provider was there first.
 */
export function register(own: OwnProvider | undefined): (() => void) | undefined {
  if (own !== undefined && !trace.setGlobalTracerProvider(own.provider)) {
    console.warn(`initTracing changed nothing: ${whyNotRegistered()}`);
    return undefined;
  }
  if (own !== undefined) setOwnProvider(own.sampling);
  const contextManager = newContextManager();
  const hasContext = contextManager !== undefined &&
    context.setGlobalContextManager(contextManager);
  const hasPropagation = propagation.setGlobalPropagator(traceContextPropagator);
  return () => {
    if (own !== undefined) {
      setOwnProvider(undefined);
      trace.disable();
    }
    if (hasContext) context.disable();
    if (hasPropagation) propagation.disable();
  };
}

/** Why the API did not take our provider. */
function whyNotRegistered(): string {
  if (isOwnProviderRegistered()) {
    return "it was called before, and the first call's tracing is used until its shutdown";
  }
  const { own, registered } = apiVersions();
  if (own === registered) {
    return "a tracer provider is registered already, and that one is used";
  }
  switch (providerVisibility()) {
    case "visible":
      return `a tracer provider is registered already, through @opentelemetry/api ${registered} ` +
        `(hammerwork's copy is ${own}), and that one is used`;
    case "hidden":
      return `a tracer provider is registered already, through @opentelemetry/api ${registered}, ` +
        `and hammerwork's copy, ${own}, gets only empty spans from it: ${oneCopyRemedy}`;
    case "none":
      return `@opentelemetry/api ${registered} was first in this process and lets hammerwork's ` +
        `copy, ${own}, register nothing: ${oneCopyRemedy}`;
  }
}
