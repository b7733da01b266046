/**
 * How a job that was given only a trace id becomes the root of exactly that trace. OpenTelemetry
 * lets nobody name the trace of a root span, but it asks an id generator; ours looks here first. So
 * it matters whether the registered provider is our own, and what is known of it is kept here.
 *
 * @module
 */
import type { SpanContext } from "@opentelemetry/api";

/** What is known of our own provider. */
export interface OwnSampling {
  /** Whether it records a span of this trace, under this parent. Nothing else of a span matters to it. */
  records(traceId: string, parent: SpanContext | undefined): boolean;
}

let rootTraceId: string | undefined;
let ownProvider: OwnSampling | undefined;

/**
 * Calls `start`, which starts one root span, so that the span's trace has the given id.
 *
 * The choice holds for one root and only during the call: a span that turns out to have a parent, or
 * to be suppressed, leaves nothing behind for the next one.
 */
export function startWithRootTraceId<T>(traceId: string, start: () => T): T {
  rootTraceId = traceId;
  try {
    return start();
  } finally {
    rootTraceId = undefined;
  }
}

/** The id chosen for the root that is being started, if any; gives it once. */
export function takeRootTraceId(): string | undefined {
  const traceId = rootTraceId;
  rootTraceId = undefined;
  return traceId;
}

/** Says that our own provider is registered, or with `undefined` that it is not. */
export function setOwnProvider(own: OwnSampling | undefined): void {
  ownProvider = own;
}

/** Whether {@linkcode startWithRootTraceId} has an effect. */
export function isOwnProviderRegistered(): boolean {
  return ownProvider !== undefined;
}

/** Whether a span is known to be dropped, so that none need be made. A foreign sampler is asked. */
export function isDropped(traceId: string, parent: SpanContext | undefined): boolean {
  return ownProvider !== undefined && !ownProvider.records(traceId, parent);
}
