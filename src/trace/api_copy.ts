/**
 * Two copies of `@opentelemetry/api` in one process. They share what is registered through a global
 * object that carries the version of the copy that registered first. A copy with a higher minor
 * version gets empty spans from it, in silence; and a copy of any other version can register nothing.
 *
 * @module
 */
import { propagation, type TextMapPropagator, trace } from "@opentelemetry/api";

/** The versions that meet in this process, as far as they can be told. */
export interface ApiVersions {
  /** The copy that this library uses. */
  readonly own: string | undefined;
  /** The copy that registered something first. */
  readonly registered: string | undefined;
}

interface Registry {
  readonly version?: string;
  readonly context?: unknown;
  readonly trace?: unknown;
}

// The API's own name for it, the same in every 1.x.
const REGISTRY = Symbol.for("opentelemetry.js.api.1");
const globals = globalThis as { [REGISTRY]?: Registry | undefined };

/** Tells the versions. */
export function apiVersions(): ApiVersions {
  return { own: ownVersion(), registered: globals[REGISTRY]?.version };
}

/** Whether a provider is registered, and whether our copy gets to see it or only an empty one. */
export function providerVisibility(): "visible" | "hidden" | "none" {
  const registered = globals[REGISTRY]?.trace;
  if (registered === undefined) return "none";
  return trace.getTracerProvider() === registered ? "visible" : "hidden";
}

/** Whether somebody keeps contexts. Where nobody does, nobody ever sees one that is made. */
export function hasContextManager(): boolean {
  return globals[REGISTRY]?.context !== undefined;
}

/** What to do about two copies that do not fit. */
export const oneCopyRemedy = "install one version for both (npm ls @opentelemetry/api)";

const warnedOf = new WeakSet<object>();

/** Says once of a provider that our copy does not get to see it: spans would be missing in silence. */
export function warnOfHiddenProvider(): void {
  const provider = globals[REGISTRY]?.trace;
  if (typeof provider !== "object" || provider === null || warnedOf.has(provider)) return;
  if (providerVisibility() !== "hidden") return;
  warnedOf.add(provider);
  const { own, registered } = apiVersions();
  console.warn(
    `hammerwork makes no spans: a tracer provider is registered through @opentelemetry/api ` +
      `${registered}, and hammerwork's copy, ${own}, gets only empty spans from it: ${oneCopyRemedy}`,
  );
}

/**
 * The API exports no version, but writes it into the registry when it finds none. So it is shown an
 * empty place for a moment, in which nothing else can run.
 */
function ownVersion(): string | undefined {
  const before = Object.getOwnPropertyDescriptor(globals, REGISTRY);
  try {
    delete globals[REGISTRY];
    propagation.setGlobalPropagator(nobody);
    return globals[REGISTRY]?.version;
  } catch {
    // A registry that cannot be moved keeps its secret.
    return undefined;
  } finally {
    if (before === undefined) delete globals[REGISTRY];
    else Object.defineProperty(globals, REGISTRY, before);
  }
}

const nobody: TextMapPropagator = {
  inject: () => {},
  extract: (context) => context,
  fields: () => [],
};
