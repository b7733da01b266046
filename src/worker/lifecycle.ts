/**
 * The events of a job's life, made from what was recorded.
 *
 * @module
 */
import { toJobError } from "../job/thrown.ts";
import type { Executed } from "./execute.ts";
import type { JobLifecycleEvent } from "./hooks.ts";
import { toJob } from "../job/from_record.ts";
import type { JobError, JobRecord } from "../job/record.ts";
import type { Change, ExpiredJob } from "../store/store.ts";

/** The event of an attempt that begins. */
export function startEvent(record: JobRecord): JobLifecycleEvent {
  return { type: "start", ...common(record) };
}

/** The events of an outcome that was recorded. A job that was handed back is nobody's news. */
export function outcomeEvents(
  record: JobRecord,
  { outcome, runMs: durationMs }: Pick<Executed, "outcome" | "runMs">,
  change: Change,
): readonly JobLifecycleEvent[] {
  switch (change.to) {
    case "ready":
      return [];
    case "completed":
      return [{
        type: "complete",
        ...common({
          ...record,
          status: "completed",
          releases: 0,
          result: change.result,
          error: undefined,
        }),
        durationMs,
      }];
    case "failed": {
      const failure = failed(
        { ...record, status: "failed", releases: 0 },
        change.error,
        durationMs,
      );
      const fail = { type: "fail", ...failure, willRetry: false } as const;
      const timeout = { type: "timeout", ...failure, willRetry: false } as const;
      return outcome.type === "timed_out" ? [timeout, fail] : [fail];
    }
    case "retrying": {
      const failure = {
        ...failed({ ...record, status: "retrying", releases: 0 }, change.error, durationMs),
        willRetry: true,
        retryInMs: change.delayMs,
      } as const;
      const retry = { type: "retry", ...failure } as const;
      return outcome.type === "timed_out" ? [{ type: "timeout", ...failure }, retry] : [retry];
    }
  }
}

/** The event of a job that a caller cancelled while it ran here. */
export function cancelEvent(
  record: JobRecord,
  error: unknown,
  durationMs: number,
): JobLifecycleEvent {
  const failure = failed(
    { ...record, status: "cancelled", releases: 0 },
    toJobError(error),
    durationMs,
  );
  return { type: "cancel", ...failure, willRetry: false };
}

/** The event of a job that was cancelled as it was stored. */
export function cancelledAtOnceEvent(record: JobRecord): JobLifecycleEvent {
  return { type: "cancel", ...failed(record, record.error!, 0), willRetry: false };
}

/**
 * The event of an attempt whose lease expired: its worker died or lost the store. There is none where
 * surely no attempt had begun.
 */
export function expiryEvents(record: ExpiredJob): readonly JobLifecycleEvent[] {
  const { lostAttempt, status, startedAt, sweptAt, runAt } = record;
  if (lostAttempt === undefined) return [];
  const error = record.error ?? { name: "LeaseLostError", message: "The lease expired" };
  const durationMs = Math.max(0, sweptAt - (startedAt ?? sweptAt));
  const failure = { ...failed(record, error, durationMs), attempt: lostAttempt };
  if (status === "failed") return [{ type: "fail", ...failure, willRetry: false }];
  const retryInMs = Math.max(0, runAt - sweptAt);
  return [{ type: "retry", ...failure, willRetry: true, retryInMs }];
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
