/**
 * What a task has beside its queue: a word to the process that started it, and its tracing.
 *
 * @module
 */

/** Around a task. */
export interface Surroundings {
  /** Says that it works, so that another process can begin. */
  readonly ready: () => void;
  /** Waits until that process says that it has seen enough. */
  readonly told: () => Promise<void>;
  /** Sends the spans that are still held. */
  readonly flush: () => Promise<void>;
}
