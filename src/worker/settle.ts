/**
 * What the end of an attempt makes of its job. Pure: no clock, no store.
 *
 * @module
 */
import { isThrown, NonRetryableError, RetryAfterError, WorkerStoppedError } from "../job/errors.ts";
import type { AttemptOutcome } from "../job/outcomes.ts";
import { storable, toJobError } from "../job/thrown.ts";
import type { Change } from "../store/store.ts";

/** How an attempt ended here, with what it returned or was ended by. */
export type AttemptEnd =
  /** `result` is JSON text. */
  | { readonly outcome: "completed"; readonly result: string | undefined }
  /** The handler is to be run again. */
  | { readonly outcome: "snoozed"; readonly retryAfter: RetryAfterError }
  /** With an error the attempt is charged. */
  | { readonly outcome: "released"; readonly error?: Error }
  | {
    readonly outcome: Exclude<AttemptOutcome, "completed" | "snoozed" | "released">;
    readonly error: unknown;
  };

/** How an attempt went. */
export interface AttemptResult {
  /** Whether its handler was called. */
  readonly hasBegun: boolean;
  /** How it ended. */
  readonly end: AttemptEnd;
  /** How long it took, in ms. */
  readonly runMs: number;
  /** The `traceparent` of its span, if the span was recorded. */
  readonly traceparent: string | undefined;
}

/**
 * The end of an attempt whose handler threw. `maxSnoozes` times in a row it may ask for a later time;
 * the next time the job fails, or one that always asks would never end.
 */
export function thrownEnd(error: unknown, snoozes: number, maxSnoozes: number): AttemptEnd {
  if (!isThrown(error, RetryAfterError)) return { outcome: "failed", error };
  if (snoozes < maxSnoozes) return { outcome: "snoozed", retryAfter: error };
  const message = `The handler asked to be run again later for the ${snoozes + 1}. time in a row`;
  return { outcome: "failed", error: new NonRetryableError(message, { cause: error }) };
}

/**
 * The end of an attempt that a stop of its worker cuts off. `maxReleases` in a row are not charged;
 * the next one is, or a job that takes longer than its workers live would run for ever.
 */
export function releasedEnd(releases: number, maxReleases: number): AttemptEnd {
  if (releases < maxReleases) return { outcome: "released" };
  const error = new WorkerStoppedError(
    `The worker stopped, and released the job for the ${releases + 1}. time in a row`,
  );
  return { outcome: "released", error };
}

/**
 * What the end of an attempt makes of its job; `undefined` when the job is not ours to change.
 *
 * @param delayMs The wait before another attempt; asked only when there is one.
 */
export function changeOf(
  end: AttemptEnd,
  job: { readonly attempts: number; readonly maxAttempts: number },
  delayMs: () => number,
): Change | undefined {
  if (end.outcome === "released" && end.error === undefined) {
    return { status: "ready", outcome: "released", started: true };
  }
  switch (end.outcome) {
    case "completed":
      return { status: "completed", outcome: "completed", result: end.result };
    case "snoozed":
      return snoozeOf(end.retryAfter);
    case "failed":
    case "timed_out":
    case "released": {
      const failure = { outcome: end.outcome, error: toJobError(end.error) };
      const isFinal = job.attempts >= job.maxAttempts || isThrown(end.error, NonRetryableError);
      return isFinal
        ? { status: "failed", ...failure }
        : { status: "retrying", ...failure, delayMs: delayMs() };
    }
    case "lease_expired":
    case "cancelled":
      return undefined;
  }
}

function snoozeOf(retryAfter: RetryAfterError): Change {
  const { delayMs, pauseQueue } = retryAfter;
  const reason = `Asked by a job: ${toJobError(retryAfter).message}`;
  const pauseReason = pauseQueue ? storable(reason.slice(0, LONGEST_REASON)) : undefined;
  return { status: "scheduled", outcome: "snoozed", delayMs, pauseReason };
}

// In characters, as of one that an operator gives.
const LONGEST_REASON = 1_000;

/** What becomes of a claimed job that was not started; `undefined` when it is not ours to change. */
export function changeOfUnstarted({ outcome }: AttemptEnd): Change | undefined {
  return outcome === "released" ? { status: "ready", outcome, started: false } : undefined;
}
