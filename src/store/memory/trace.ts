/**
 * A trace in memory, as its jobs know it.
 *
 * @module
 */

/** How a trace stands. */
export interface MemoryTrace {
  /** Its jobs that have not ended. */
  unfinished: number;
  /** All its jobs. */
  jobs: number;
  /** How often it has ended. */
  epoch: number;
  /** Whether it has ended and nothing has revived it. */
  hasEnded: boolean;
}

/** A trace without jobs. */
export function newTrace(): MemoryTrace {
  return { unfinished: 0, jobs: 0, epoch: 0, hasEnded: false };
}
