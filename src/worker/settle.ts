/**
 * What an attempt's outcome makes of its job. Pure: no clock, no store.
 *
 * @module
 */
import { isNonRetryable, toJobError } from "../job/errors.ts";
import type { Change } from "../store/store.ts";

/** How an attempt ended. */
export type Outcome =
  /** The handler returned; `result` is JSON text. */
  | { readonly type: "completed"; readonly result: string | undefined }
  /** The handler threw. */
  | { readonly type: "failed"; readonly error: unknown }
  /** It ran into its limit. */
  | { readonly type: "timed_out"; readonly error: unknown }
  /** The worker stopped and hands it back. */
  | { readonly type: "released" }
  /** The job is not this worker's any more, so there is nothing to record. */
  | { readonly type: "lease_lost" | "cancelled"; readonly error: unknown };

/**
 * Where an outcome takes its job; `undefined` when the job is not ours to change.
 *
 * @param delayMs The wait before another attempt; asked only when there is one.
 */
export function settle(
  outcome: Outcome,
  job: { readonly attempts: number; readonly maxAttempts: number },
  delayMs: () => number,
): Change | undefined {
  switch (outcome.type) {
    case "completed":
      return { to: "completed", result: outcome.result };
    case "released":
      return { to: "ready", started: true };
    case "failed":
    case "timed_out": {
      const failure = { outcome: outcome.type, error: toJobError(outcome.error) };
      const isFinal = job.attempts >= job.maxAttempts || isNonRetryable(outcome.error);
      return isFinal
        ? { to: "failed", ...failure }
        : { to: "retrying", ...failure, delayMs: delayMs() };
    }
    case "lease_lost":
    case "cancelled":
      return undefined;
  }
}
