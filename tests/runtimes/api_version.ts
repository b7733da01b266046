/** The version of a copy of `@opentelemetry/api`, which does not export it. */

import { propagation } from "@opentelemetry/api";

// Where every copy of the API looks for what is registered.
const REGISTRY = Symbol.for("opentelemetry.js.api.1");
const globals = globalThis as { [REGISTRY]?: { readonly version?: string } | undefined };

/**
 * Reads the version. A copy writes it into the registry when it registers something first, so it does
 * that in an empty registry, which is put back before anything else can run.
 */
export function versionOf(
  propagation: { setGlobalPropagator(propagator: never): unknown },
): string {
  const before = globals[REGISTRY];
  try {
    delete globals[REGISTRY];
    propagation.setGlobalPropagator({} as never);
    return globals[REGISTRY]!.version!;
  } finally {
    if (before === undefined) delete globals[REGISTRY];
    else globals[REGISTRY] = before;
  }
}

/** The version of the copy that is resolved from here, which is also the library's. */
export function libraryVersion(): string {
  return versionOf(propagation);
}
