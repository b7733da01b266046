/**
 * One attempt: the span starts, the handler runs inside it, the span ends with the outcome.
 *
 * @module
 */
import {
  JobCancelledError,
  JobTimeoutError,
  toJobError,
  WorkerStoppedError,
} from "../job/errors.ts";
import { toJson } from "../job/json.ts";
import { toJob } from "../job/from_record.ts";
import type { JobError } from "../job/record.ts";
import type { Outcome } from "./settle.ts";
import type { ClaimedJob } from "../store/store.ts";
import { type AttemptSpan, startAttemptSpan } from "../trace/attempt.ts";
import { jobScope, runInScope } from "../trace/scope.ts";
import { runInContext } from "../trace/tracer.ts";
import type { JobContext, WorkerSettings } from "./worker_settings.ts";

/** An attempt that is over. */
export interface Executed {
  /** How it ended. */
  readonly outcome: Outcome;
  /** How long it took. */
  readonly runMs: number;
  /** Its span's context, if the span was recorded. */
  readonly traceparent: string | undefined;
}

/** Runs one attempt to its end, which comes at the latest when `controller` aborts. Never rejects. */
export async function execute(
  record: ClaimedJob,
  settings: WorkerSettings,
  controller: AbortController,
): Promise<Executed> {
  const attempt = startAttemptSpan(record, settings.spanRules, () => toJob(record).payload);
  const startedAt = performance.now();
  const timer = startTimeout(record.timeoutMs ?? settings.timeoutMs, controller);
  const outcome = await Promise.race([
    runHandler(record, settings, controller.signal, attempt),
    aborted(controller.signal),
  ]);
  clearTimeout(timer);
  const runMs = performance.now() - startedAt;
  const traceparent = attempt.end(outcome.type, errorOf(outcome));
  return { outcome, runMs, traceparent };
}

function startTimeout(
  timeoutMs: number | undefined,
  controller: AbortController,
): ReturnType<typeof setTimeout> | undefined {
  if (timeoutMs === undefined) return undefined;
  const error = new JobTimeoutError(`The attempt took longer than ${timeoutMs} ms`);
  return setTimeout(() => controller.abort(error), timeoutMs);
}

async function runHandler(
  record: ClaimedJob,
  settings: WorkerSettings,
  signal: AbortSignal,
  attempt: AttemptSpan,
): Promise<Outcome> {
  let returned: unknown;
  try {
    const scope = {
      jobId: record.id,
      queueName: record.queueName,
      traceId: attempt.traceId,
      correlationId: record.correlationId,
      baggage: record.baggage,
      span: attempt.span,
    };
    const jobContext: JobContext = {
      [jobScope]: scope,
      signal,
      span: attempt.span,
      enqueue: settings.source.enqueueFrom(scope),
      isFinalJobInTrace: () => isFinal(record, settings, attempt),
    };
    returned = await runInContext(
      attempt.context,
      () => runInScope(scope, () => settings.handler(toJob(record), jobContext)),
    );
  } catch (error) {
    return { type: "failed", error };
  }
  return { type: "completed", result: resultText(returned, record, settings) };
}

/** A late attempt runs in a trace of its own, to which the jobs belong that it enqueues. */
async function isFinal(
  { id, traceId }: ClaimedJob,
  { source: { store } }: WorkerSettings,
  attempt: AttemptSpan,
): Promise<boolean> {
  if (await store.hasUnfinished(traceId, id)) return false;
  return attempt.traceId === traceId || !await store.hasUnfinished(attempt.traceId, id);
}

/** The work is done, so a result that cannot be kept is reported and left out, never run again. */
function resultText(
  returned: unknown,
  record: ClaimedJob,
  { source, onError }: WorkerSettings,
): string | undefined {
  if (returned === undefined) return undefined;
  try {
    return toJson(
      returned,
      `The result of ${record.queueName} ${record.id}`,
      source.maxPayloadBytes,
    );
  } catch (error) {
    onError(error);
    return undefined;
  }
}

/** Ends the attempt when it is aborted, whether or not the handler listens. */
function aborted(signal: AbortSignal): Promise<Outcome> {
  return new Promise((resolve) => {
    const end = () => resolve(outcomeOf(signal.reason));
    if (signal.aborted) end();
    else signal.addEventListener("abort", end, { once: true });
  });
}

function outcomeOf(error: unknown): Outcome {
  if (error instanceof JobTimeoutError) return { type: "timed_out", error };
  if (error instanceof WorkerStoppedError) return { type: "released" };
  if (error instanceof JobCancelledError) return { type: "cancelled", error };
  return { type: "lease_lost", error };
}

function errorOf(outcome: Outcome): JobError | undefined {
  return "error" in outcome ? toJobError(outcome.error) : undefined;
}
