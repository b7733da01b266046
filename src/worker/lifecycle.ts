/**
 * The events of a job's life, made from what was recorded.
 *
 * @module
 */
import { toJobError } from "../job/thrown.ts";
import type { JobLifecycleEvent } from "./hooks.ts";
import { toJob } from "../job/from_record.ts";
import { type AttemptOutcome, consequenceOf } from "../job/outcomes.ts";
import type { JobError, JobRecord } from "../job/record.ts";
import type { Change, ExpiredJob } from "../store/store.ts";

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
      return [];
    case "completed": {
      const { status, result } = change;
      const job = { ...record, status, releases: 0, result, error: undefined };
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
  const job: JobRecord = { ...record, status: "cancelled", releases: 0 };
  return { type: "cancel", ...failed(job, toJobError(error), durationMs), willRetry: false };
}

/** The event of a job that was cancelled as it was stored. */
export function cancelledAtOnceEvent(record: JobRecord): JobLifecycleEvent {
  return { type: "cancel", ...failed(record, record.error!, 0), willRetry: false };
}

/**
 * The events of an attempt whose lease expired: its worker ended, or lost the store. There are none
 * where the attempt had surely not begun.
 */
export function expiryEvents(record: ExpiredJob): readonly JobLifecycleEvent[] {
  const { lostAttempt, startedAt, sweptAt, runAt } = record;
  if (lostAttempt === undefined) return [];
  const status = record.status === "failed" ? "failed" : "retrying";
  const error = record.error ?? { name: "LeaseLostError", message: "The lease expired" };
  const retryInMs = status === "retrying" ? Math.max(0, runAt - sweptAt) : undefined;
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
    readonly status: "failed" | "retrying";
    readonly error: JobError;
  },
  durationMs: number,
  retryInMs?: number,
): readonly JobLifecycleEvent[] {
  const releases = outcome === "lease_expired" ? record.releases : 0;
  const failure = failed({ ...record, status, releases }, error, durationMs);
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
