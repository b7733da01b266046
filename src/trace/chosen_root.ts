/**
 * How a job that was given only a trace id becomes the root of exactly that trace. OpenTelemetry
 * lets nobody name the trace of a root span, but it asks an id generator; ours looks here first.
 *
 * @module
 */

let chosenTraceId: string | undefined;
let areRootsChosen = false;

/**
 * Calls `start`, which starts one root span, so that the span's trace has the given id.
 *
 * The choice holds for one root and only during the call: a span that turns out to have a parent, or
 * to be suppressed, leaves nothing behind for the next one.
 */
export function startWithTraceId<T>(traceId: string, start: () => T): T {
  chosenTraceId = traceId;
  try {
    return start();
  } finally {
    chosenTraceId = undefined;
  }
}

/** The id chosen for the root that is being started, if any; gives it once. */
export function takeChosenTraceId(): string | undefined {
  const traceId = chosenTraceId;
  chosenTraceId = undefined;
  return traceId;
}

/** Says whether the registered provider is our own, whose id generator asks for the chosen id. */
export function setChosenRoots(honoured: boolean): void {
  areRootsChosen = honoured;
}

/** Whether {@linkcode startWithTraceId} has an effect. */
export function choosesRoots(): boolean {
  return areRootsChosen;
}
