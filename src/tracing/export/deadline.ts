/**
 * The time limit of one export.
 *
 * @module
 */

/** The time that one export may take, with all its retries. */
export interface Deadline {
  /** The whole time. */
  readonly timeoutMs: number;
  /** Aborts when the time is up. */
  readonly signal: AbortSignal;
  /** What is left of it; 0 or less when it is over. */
  leftMs(): number;
}

/** Starts the time. */
export function deadlineIn(timeoutMs: number): Deadline {
  const startedMs = performance.now();
  return {
    timeoutMs,
    signal: AbortSignal.timeout(timeoutMs),
    leftMs: () => timeoutMs - (performance.now() - startedMs),
  };
}
