/**
 * The events that hooks are called with, made from what was recorded.
 *
 * @module
 */
import { toJobError } from "../job/thrown.ts";
import { toJob } from "../job/from_record.ts";
import type { Job } from "../job/job.ts";
import { type AttemptOutcome, consequenceOf, noneInARow } from "../job/outcomes.ts";
import type { JobError, JobRecord } from "../job/record.ts";
import type { JobStatus } from "../job/status.ts";
import type { Change, ExpiredJob } from "../store/store.ts";

/** What every event of a job has. */
export interface AttemptEvent<AJob = Job> {
  /** The job: at its start as it was claimed, later as the outcome left it. */
  readonly job: AJob;
  /** The attempt, counted from 1. */
  readonly attempt: number;
  /** The job's trace. */
  readonly traceId: string;
  /** The job's business process. */
  readonly correlationId: string | undefined;
}

/** What every event of an attempt that has ended says. */
export interface AttemptEndEvent<AJob = Job> extends AttemptEvent<AJob> {
  /** How long the handler ran, in ms. */
  readonly durationMs: number;
}

/** What every event of an attempt that did not complete its job says. */
export interface AttemptFailureEvent<AJob = Job> extends AttemptEndEvent<AJob> {
  /** What was thrown. */
  readonly error: JobError;
}

/** What happened to a job, by `type`. */
export type JobLifecycleEvent<AJob = Job> =
  /** An attempt begins. */
  | AttemptEvent<AJob> & { readonly type: "start" }
  /** The job has completed. */
  | AttemptEndEvent<AJob> & { readonly type: "complete" }
  /** The job has failed for good. */
  | AttemptFailureEvent<AJob> & { readonly type: "fail"; readonly willRetry: false }
  /** An attempt failed or timed out, and another follows in `retryInMs`. */
  | AttemptFailureEvent<AJob> & {
    readonly type: "retry";
    readonly willRetry: true;
    readonly retryInMs: number;
  }
  /** An attempt ran into its limit. A `retry` or a `fail` follows. */
  | AttemptFailureEvent<AJob> & {
    readonly type: "timeout";
    readonly willRetry: boolean;
    readonly retryInMs?: number;
  }
  /** The job was cancelled while it ran here, or as a handler here enqueued it: then `attempt` is 0. */
  | AttemptFailureEvent<AJob> & { readonly type: "cancel"; readonly willRetry: false };

/** The types of a lifecycle event. */
export type EventType = JobLifecycleEvent["type"];

/** One kind of lifecycle event. */
export type JobEventOf<Type extends EventType, AJob = Job> = Extract<
  JobLifecycleEvent<AJob>,
  { type: Type }
>;

/** The end of a trace: no job of it was unfinished when it was recorded. */
export interface TraceCompleteEvent {
  /** The trace, by its jobs' own trace id. */
  readonly traceId: string;
  /** How often the trace has ended, counted from 1: a new job revives it, and it ends again. */
  readonly epoch: number;
  /** The job that ended last. */
  readonly jobId: string;
  /** That job's business process. */
  readonly correlationId: string | undefined;
  /** When it ended, by the store's clock. */
  readonly completedAt: Date;
}

/** The event of an attempt that begins. */
export function startEvent(record: JobRecord): JobLifecycleEvent {
  return { type: "start", ...common(record) };
}

/** The events of an outcome that was recorded, by the table of outcomes. */
export function outcomeEvents(
  record: JobRecord,
  change: Change,
  durationMs: number,
): readonly JobLifecycleEvent[] {
  switch (change.status) {
    case "ready":
    case "scheduled":
      return [];
    case "completed": {
      const { status, result } = change;
      const job = { ...record, ...noneInARow, status, result, error: undefined };
      return [{ type: "complete", ...common(job), durationMs }];
    }
    case "failed":
      return failureEvents(record, change, durationMs);
    case "retrying":
      return failureEvents(record, change, durationMs, change.delayMs);
  }
}

/** The event of a job that a caller cancelled while it ran here. */
export function cancelEvent(
  record: JobRecord,
  error: unknown,
  durationMs: number,
): JobLifecycleEvent {
  const job: JobRecord = { ...record, ...noneInARow, status: "cancelled" };
  return { type: "cancel", ...failed(job, toJobError(error), durationMs), willRetry: false };
}

/** The event of a job that was cancelled as it was stored. */
export function cancelledAtOnceEvent(record: JobRecord): JobLifecycleEvent {
  return { type: "cancel", ...failed(record, record.error!, 0), willRetry: false };
}

/**
 * The events of an attempt whose lease expired: its worker ended, or lost the store. There are none
 * where it is certain that the attempt had not begun.
 */
export function expiryEvents(record: ExpiredJob): readonly JobLifecycleEvent[] {
  const { lostAttempt, status, startedAt, sweptAt, runAt } = record;
  if (lostAttempt === undefined) return [];
  const error = record.error ?? { name: "LeaseLostError", message: "The lease expired" };
  const retryInMs = status === "failed" ? undefined : Math.max(0, runAt - sweptAt);
  return failureEvents(
    record,
    { outcome: "lease_expired", status, error },
    Math.max(0, sweptAt - (startedAt ?? sweptAt)),
    retryInMs,
  ).map((event) => ({ ...event, attempt: lostAttempt }));
}

/** The events of an attempt that failed in some way, in their order. */
function failureEvents(
  record: JobRecord,
  { outcome, status, error }: {
    readonly outcome: AttemptOutcome;
    readonly status: JobStatus;
    readonly error: JobError;
  },
  durationMs: number,
  retryInMs?: number,
): readonly JobLifecycleEvent[] {
  // What a sweep returns is as it is stored then.
  const counts = outcome === "lease_expired" ? {} : noneInARow;
  const failure = failed({ ...record, ...counts, status }, error, durationMs);
  const willRetry = retryInMs !== undefined;
  const retry = willRetry ? { willRetry, retryInMs } : { willRetry };
  return consequenceOf(outcome, status).events.map((type) =>
    ({ type, ...failure, ...retry }) as JobLifecycleEvent
  );
}

function common(record: JobRecord) {
  return {
    job: toJob<string, unknown>(record),
    attempt: record.attempts,
    traceId: record.traceId,
    correlationId: record.correlationId,
  };
}

function failed(record: JobRecord, error: JobError, durationMs: number) {
  return { ...common({ ...record, error }), error, durationMs };
}
