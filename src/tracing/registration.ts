/**
 * Registers tracing for the whole process, unless something is registered already: then a warning says
 * what that means.
 *
 * @module
 */
import { context, propagation, trace } from "@opentelemetry/api";
import { oneCopyRemedy, providerVisibility, registeredVersion } from "../trace/api_copy.ts";
import { isOwnProviderRegistered, setOwnProvider } from "../trace/root_trace_id.ts";
import { newContextManager, traceContextPropagator } from "./context_propagation.ts";
import type { OwnProvider } from "./provider.ts";

/**
 * Registers a context manager, a propagator and the provider, if there is one.
 *
 * @returns a function that unregisters them; `undefined` when another provider is registered.
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

/** Why the API did not accept the provider. */
function whyNotRegistered(): string {
  if (isOwnProviderRegistered()) {
    return "it was called before, and the first call's tracing is used until its shutdown";
  }
  switch (providerVisibility()) {
    case "visible":
      return "a tracer provider is registered already, and that one is used";
    case "hidden":
      return "a tracer provider is registered already, through @opentelemetry/api " +
        `${registeredVersion()}, and hammerwork's own, newer copy gets only empty spans from it: ` +
        oneCopyRemedy;
    case "none":
      return `@opentelemetry/api ${registeredVersion()} was first in this process, and hammerwork's ` +
        `own copy, of another version, can register nothing: ${oneCopyRemedy}`;
  }
}
