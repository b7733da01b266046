/**
 * A job as callers read it.
 *
 * @module
 */
import type { Backoff } from "./backoff.ts";
import type { DependencyFailurePolicy, JobError, JobPart, Propagation } from "./record.ts";
import type { JobStatus } from "./status.ts";
import type { AttemptOutcome } from "./outcomes.ts";

/** A job without its payload and its result, which can be large. */
export interface JobSummary<Name extends string = string> {
  /** A UUIDv7, in lower case. */
  readonly id: string;
  /** The queue that it is in. */
  readonly queueName: Name;
  /** Its status, such as `ready` or `completed`. */
  readonly status: JobStatus;
  /**
   * The number of attempts that have started, including the running one. An attempt that was
   * released counts only from the worker's `maxReleases` on; one that was snoozed, and one whose
   * lease expired before its start was recorded, does not count.
   */
  readonly attempts: number;
  /**
   * How often in a row an attempt was released after its start. Any other outcome resets it to 0.
   */
  readonly releases: number;
  /**
   * How often in a row the handler asked to be run again later, by a `RetryAfterError`. Any other
   * outcome resets it to 0.
   */
  readonly snoozes: number;
  /** The maximum number of attempts. */
  readonly maxAttempts: number;
  /** Jobs with a higher priority are claimed first. */
  readonly priority: number;
  /** The trace that it belongs to, as 32 lower-case hex digits. It never changes. */
  readonly traceId: string;
  /** The business process that it belongs to. */
  readonly correlationId?: string | undefined;
  /** The id of its parent: the job that it is a part of. */
  readonly parentId?: string | undefined;
  /** The W3C `traceparent` of the span that enqueued it; `undefined` without tracing. */
  readonly traceparent?: string | undefined;
  /** The W3C `tracestate` of that span. */
  readonly tracestate?: string | undefined;
  /** The W3C `baggage` that is active in its handler. */
  readonly baggage?: string | undefined;
  /**
   * How the spans of its attempts relate to the span that enqueued it; `undefined`: as its worker
   * says.
   */
  readonly propagation?: Propagation | undefined;
  /**
   * The W3C `traceparent` of the latest attempt that has ended. Its trace can be another than
   * `traceId`.
   */
  readonly attemptTraceparent?: string | undefined;
  /** The ids of its dependencies: the jobs that must end before it can start. */
  readonly dependsOn: readonly string[];
  /** What happens to it when a dependency fails or is cancelled. */
  readonly onDependencyFailure: DependencyFailurePolicy;
  /** The key with which a second enqueue in the same queue returns this job. */
  readonly idempotencyKey?: string | undefined;
  /** Its back-off; `undefined`: that of its worker. */
  readonly backoff?: Backoff | undefined;
  /** The time limit of one attempt, in ms; `undefined`: that of its worker. */
  readonly timeoutMs?: number | undefined;
  /** When it was enqueued. */
  readonly createdAt: Date;
  /** When it is, or was, due. */
  readonly runAt: Date;
  /** When the latest attempt started. */
  readonly startedAt?: Date | undefined;
  /** When it was completed, failed or was cancelled. */
  readonly finishedAt?: Date | undefined;
  /** The error of the latest attempt, or the reason of the cancellation. */
  readonly error?: JobError | undefined;
  /** The last thing that an operator did to it, if one has. */
  readonly operation?: JobOperation | undefined;
  /** The name of the worker that runs it, or ran it when it ended; `undefined` while it waits. */
  readonly workerName?: string | undefined;
}

/** What an operator did to a job. */
export interface JobOperation {
  /** What was done. */
  readonly name: "cancel" | "retry" | "reschedule";
  /** When. */
  readonly at: Date;
  /** By whom, as the caller said. */
  readonly by?: string | undefined;
  /** Why, as the caller said. */
  readonly reason?: string | undefined;
}

/** A stored job. */
export interface Job<Name extends string = string, Payload = unknown, Result = unknown>
  extends JobSummary<Name> {
  /** The input of its handler. */
  readonly payload: Payload;
  /**
   * What its handler returned; `undefined` until the job is completed, or when that was nothing.
   */
  readonly result?: Result | undefined;
}

/**
 * A job of which only these parts were read. In place of a payload or a result that was left out is
 * its size, in bytes of JSON.
 */
export type JobWith<AJob extends Job, Part extends JobPart> = "payload" | "result" extends Part
  ? AJob
  : AJob extends Job ?
      & Omit<AJob, "payload" | "result">
      & ("payload" extends Part ? Pick<AJob, "payload"> : { readonly payloadBytes: number })
      & ("result" extends Part ? Pick<AJob, "result">
        : { readonly resultBytes?: number | undefined })
  : never;

/** An attempt to run a job. */
export interface Attempt {
  /** Its number, from 1. An attempt after one that did not count has the same number. */
  readonly attempt: number;
  /** How it ended, or `running`. */
  readonly outcome: Exclude<AttemptOutcome, "snoozed"> | "running";
  /** When it started. */
  readonly startedAt: Date;
  /** When its outcome was recorded; `undefined` while it is running. */
  readonly finishedAt: Date | undefined;
  /** Its error; `undefined` while it is running, and if it completed the job. */
  readonly error: JobError | undefined;
  /** The W3C `traceparent` of its span; `undefined` while it is running, and without tracing. */
  readonly traceparent: string | undefined;
  /** The name of the worker that made it, if it had one. */
  readonly workerName?: string | undefined;
}

/** A job with all of its attempts. */
export type JobWithAttempts<AJob = Job> = AJob & {
  /**
   * Its attempts, oldest first, including a running or a completed one. Those that were snoozed are
   * not kept.
   */
  readonly attemptHistory: readonly Attempt[];
};
