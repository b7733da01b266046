/**
 * Hooks: a worker tells what became of its jobs. But for `onJobStart` they are told after the
 * outcome is recorded, so what they hear is true. A hook that throws or hangs changes nothing; one
 * that has not returned within `leaseMs` is reported to `onError` and waited for no more.
 *
 * @module
 */
import type { Job } from "../job/job.ts";
import type { OutcomeEvent } from "../job/outcomes.ts";
import type { JobError } from "../job/record.ts";

interface JobEvent<AJob> {
  /** The job. After the start it is as the outcome left it. */
  readonly job: AJob;
  /** The attempt, counted from 1. */
  readonly attempt: number;
  /** The job's trace. */
  readonly traceId: string;
  /** The business process. */
  readonly correlationId: string | undefined;
}

interface EndEvent<AJob> extends JobEvent<AJob> {
  /** How long the handler ran, in ms. */
  readonly durationMs: number;
}

interface FailureEvent<AJob> extends EndEvent<AJob> {
  /** What was thrown. */
  readonly error: JobError;
}

/** What happened to a job, by `type`. */
export type JobLifecycleEvent<AJob = Job> =
  /** An attempt begins. */
  | JobEvent<AJob> & { readonly type: "start" }
  /** The job has completed. */
  | EndEvent<AJob> & { readonly type: "complete" }
  /** The job has failed for good. */
  | FailureEvent<AJob> & { readonly type: "fail"; readonly willRetry: false }
  /** An attempt failed or timed out, and another follows in `retryInMs`. */
  | FailureEvent<AJob> & {
    readonly type: "retry";
    readonly willRetry: true;
    readonly retryInMs: number;
  }
  /** An attempt ran into its limit. A `retry` or a `fail` follows. */
  | FailureEvent<AJob> & {
    readonly type: "timeout";
    readonly willRetry: boolean;
    readonly retryInMs?: number;
  }
  /** The job was cancelled while it ran here, or as a handler here enqueued it: then `attempt` is 0. */
  | FailureEvent<AJob> & { readonly type: "cancel"; readonly willRetry: false };

/** The types of a lifecycle event. */
export type EventType = "start" | OutcomeEvent;

/** One kind of lifecycle event. */
export type JobEventOf<Type extends EventType, AJob = Job> = Extract<
  JobLifecycleEvent<AJob>,
  { type: Type }
>;

/** A hook for one kind of event. It may be asynchronous. */
export type Hook<Type extends EventType, AJob = Job> = (
  event: JobEventOf<Type, AJob>,
) => unknown;

/** The end of a trace: when it was recorded, none of its jobs was unfinished. */
export interface TraceCompleteEvent {
  /** The trace, by its jobs' own trace id. */
  readonly traceId: string;
  /** 1 at its first end; a new job revives a trace, and its next end has the next one. */
  readonly epoch: number;
  /** The job that ended last. */
  readonly jobId: string;
  /** That job's business process. */
  readonly correlationId: string | undefined;
  /** When it ended, by the store's clock. */
  readonly completedAt: Date;
}

/** What a worker tells. */
export interface Hooks<AJob = Job> {
  /** Before the handler, on each attempt. Not waited for. */
  readonly onJobStart?: Hook<"start", AJob> | undefined;
  /** The job completed. */
  readonly onJobComplete?: Hook<"complete", AJob> | undefined;
  /** The job failed for good. */
  readonly onJobFail?: Hook<"fail", AJob> | undefined;
  /** An attempt failed or timed out, and another follows. */
  readonly onJobRetry?: Hook<"retry", AJob> | undefined;
  /** An attempt timed out; `onJobRetry` or `onJobFail` follows. */
  readonly onJobTimeout?: Hook<"timeout", AJob> | undefined;
  /**
   * The job was cancelled while it ran here; or a handler of this worker, or of its pool, enqueued it
   * as a part of a cancelled job, or behind a job that did not complete: then `attempt` is 0.
   */
  readonly onJobCancel?: Hook<"cancel", AJob> | undefined;
  /**
   * A trace has ended, wherever its last job ran and however that ended. Of all workers with this
   * hook over one store, one is told; another one too if its process ends before its hook returns,
   * or its hook takes longer than its `leaseMs`, so `traceId` and `epoch` together tell repeats.
   */
  readonly onTraceComplete?: ((event: TraceCompleteEvent) => unknown) | undefined;
}

/** Whether anything listens. */
export function hasHooks(hooks: Hooks<never>): boolean {
  return [
    hooks.onJobStart,
    hooks.onJobComplete,
    hooks.onJobFail,
    hooks.onJobRetry,
    hooks.onJobTimeout,
    hooks.onJobCancel,
  ].some((hook) => hook !== undefined);
}

/** Calls the hooks for events. Settles when they have, and never rejects. */
export async function tell(
  hooks: Hooks<never>,
  events: () => readonly JobLifecycleEvent<unknown>[],
  onError: (error: unknown) => void,
): Promise<void> {
  try {
    await Promise.all(events().map((event) => tellOne(hooks, event, onError)));
  } catch (error) {
    onError(error);
  }
}

async function tellOne(
  hooks: Hooks<never>,
  event: JobLifecycleEvent<unknown>,
  onError: (error: unknown) => void,
): Promise<void> {
  try {
    await hookFor(hooks, event.type)?.(event as never);
  } catch (error) {
    onError(error);
  }
}

function hookFor(hooks: Hooks<never>, type: EventType): ((event: never) => unknown) | undefined {
  switch (type) {
    case "start":
      return hooks.onJobStart;
    case "complete":
      return hooks.onJobComplete;
    case "fail":
      return hooks.onJobFail;
    case "retry":
      return hooks.onJobRetry;
    case "timeout":
      return hooks.onJobTimeout;
    case "cancel":
      return hooks.onJobCancel;
  }
}
