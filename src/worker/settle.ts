/**
 * What an attempt's outcome makes of its job. Pure: no clock, no store.
 *
 * @module
 */
import { isNonRetryable, WorkerStoppedError } from "../job/errors.ts";
import { toJobError } from "../job/thrown.ts";
import type { Change } from "../store/store.ts";

/** How an attempt ended. */
export type Outcome =
  /** The handler returned; `result` is JSON text. */
  | { readonly type: "completed"; readonly result: string | undefined }
  /** The handler threw. */
  | { readonly type: "failed"; readonly error: unknown }
  /** It ran into its limit. */
  | { readonly type: "timed_out"; readonly error: unknown }
  /** The worker stopped and hands it back; with an error it counts as a failure. */
  | { readonly type: "released"; readonly error?: Error }
  /** The job is not this worker's any more, so there is nothing to record. */
  | { readonly type: "lease_lost" | "cancelled"; readonly error: unknown };

/**
 * The outcome of an attempt that a stop of its worker cuts off. `maxReleases` hand-backs in a row are
 * not charged; the next one is, or a job that takes longer than its workers live would run for ever.
 */
export function cutOff(releases: number, maxReleases: number): Outcome {
  if (releases < maxReleases) return { type: "released" };
  const error = new WorkerStoppedError(
    `The worker stopped, and handed the job back for the ${releases + 1}. time in a row`,
  );
  return { type: "released", error };
}

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
  if (outcome.type === "released" && outcome.error === undefined) {
    return { to: "ready", started: true };
  }
  switch (outcome.type) {
    case "completed":
      return { to: "completed", result: outcome.result };
    case "failed":
    case "timed_out":
    case "released": {
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

/** Where a claimed job goes whose attempt shall not begin; `undefined` when it is not ours to change. */
export function settleUnbegun({ type }: Outcome): Change | undefined {
  return type === "released" ? { to: "ready", started: false } : undefined;
}
