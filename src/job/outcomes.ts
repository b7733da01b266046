/**
 * How an attempt can end, and what follows from it. The worker, the stores, the hooks, the spans
 * and every surface use these words; this table is the only place that says what each means.
 *
 * @module
 */
import type { JobStatus } from "./status.ts";

/** How an attempt ended. */
export type AttemptOutcome =
  /** The handler returned. */
  | "completed"
  /** The handler threw. */
  | "failed"
  /** It exceeded its time limit. */
  | "timed_out"
  /** The handler asked to be run again later. */
  | "snoozed"
  /** A caller cancelled the job. */
  | "cancelled"
  /** Its worker stopped and released the job. */
  | "released"
  /** Its worker neither settled it nor extended its lease in time. */
  | "lease_expired";

/** The type of a hook's event that can follow the end of an attempt. */
export type OutcomeEvent = "complete" | "fail" | "retry" | "timeout" | "cancel";

/** What follows when an attempt ends so that its job gets a certain status. */
export interface Consequence {
  /** Whether the attempt counts against the job's `maxAttempts`. */
  readonly isCharged: boolean;
  /** The events that the worker's hooks are called with, in this order. */
  readonly events: readonly OutcomeEvent[];
}

/**
 * For each outcome the statuses that it can give the job, and what follows then. A job becomes
 * `failed` where it would be `retrying`, but has no attempts left or its error says not to retry.
 */
export const attemptOutcomes: Readonly<
  Record<AttemptOutcome, Readonly<Partial<Record<JobStatus, Consequence>>>>
> = {
  completed: {
    completed: { isCharged: true, events: ["complete"] },
  },
  failed: {
    retrying: { isCharged: true, events: ["retry"] },
    failed: { isCharged: true, events: ["fail"] },
  },
  timed_out: {
    retrying: { isCharged: true, events: ["timeout", "retry"] },
    failed: { isCharged: true, events: ["timeout", "fail"] },
  },
  snoozed: {
    scheduled: { isCharged: false, events: [] },
  },
  cancelled: {
    cancelled: { isCharged: true, events: ["cancel"] },
  },
  released: {
    ready: { isCharged: false, events: [] },
    // After `maxReleases` in a row.
    retrying: { isCharged: true, events: ["retry"] },
    failed: { isCharged: true, events: ["fail"] },
  },
  lease_expired: {
    // When it is not recorded that the attempt began. No event if it is certain that it had not.
    ready: { isCharged: false, events: ["retry"] },
    retrying: { isCharged: true, events: ["retry"] },
    failed: { isCharged: true, events: ["fail"] },
  },
};

/** What is counted in a row begins anew with any other outcome. */
export const noneInARow = { releases: 0, snoozes: 0 } as const;

/** What follows when an attempt ends with this outcome and its job gets this status. */
export function consequenceOf(outcome: AttemptOutcome, status: JobStatus): Consequence {
  const consequence = attemptOutcomes[outcome][status];
  if (consequence === undefined) {
    throw new TypeError(`An attempt that ended as ${outcome} leaves no job ${status}`);
  }
  return consequence;
}
