/**
 * Root spans with a given trace id. OpenTelemetry has no way to pass one, but it asks the provider's id
 * generator, and that of hammerwork's own provider looks here first. The state here belongs to the
 * process, as the registered provider does.
 *
 * @module
 */
import type { SpanContext } from "@opentelemetry/api";

/** The sampling of hammerwork's own provider. */
export interface OwnSampling {
  /** Whether it records a span of this trace under this parent. It depends on nothing else. */
  records(traceId: string, parent: SpanContext | undefined): boolean;
}

let rootTraceId: string | undefined;
let ownProvider: OwnSampling | undefined;

/**
 * Calls `start`, which starts one root span, so that its trace has the given id. The id holds only
 * during the call, and for one root: a span that gets a parent after all, or is suppressed, leaves
 * nothing behind for the next one.
 */
export function startWithRootTraceId<T>(traceId: string, start: () => T): T {
  rootTraceId = traceId;
  try {
    return start();
  } finally {
    rootTraceId = undefined;
  }
}

/** The id for the root that is being started, if there is one. Returned once. */
export function takeRootTraceId(): string | undefined {
  const traceId = rootTraceId;
  rootTraceId = undefined;
  return traceId;
}

/** Called when hammerwork's own provider was registered, and with `undefined` when it is no longer. */
export function setOwnProvider(own: OwnSampling | undefined): void {
  ownProvider = own;
}

/** Whether hammerwork's own provider is registered, so that {@linkcode startWithRootTraceId} works. */
export function isOwnProviderRegistered(): boolean {
  return ownProvider !== undefined;
}

/** Whether a span will be dropped, so that none has to be made. Known of hammerwork's own provider only. */
export function isDropped(traceId: string, parent: SpanContext | undefined): boolean {
  return ownProvider !== undefined && !ownProvider.records(traceId, parent);
}
