/**
 * What a job is, as callers find it.
 *
 * @module
 */
import type { Backoff } from "./backoff.ts";
import type { DependencyFailurePolicy, JobError, JobPart, Propagation } from "./record.ts";
import type { JobStatus } from "./status.ts";
import type { AttemptOutcome } from "./outcomes.ts";

/** All of a job but its payload and its result, which can be large. */
export interface JobSummary<Name extends string = string> {
  /** A UUIDv7. */
  readonly id: string;
  /** The queue it waits in. */
  readonly queueName: Name;
  /** Where it stands. */
  readonly status: JobStatus;
  /**
   * Attempts that began, the running one among them. One that was released counts only at its
   * worker's `maxReleases`; one that was lost before its begin was recorded does not count.
   */
  readonly attempts: number;
  /** How often in a row an attempt that had begun was released; any other outcome ends the row. */
  readonly releases: number;
  /** How many attempts it has in all. */
  readonly maxAttempts: number;
  /** Higher runs first. */
  readonly priority: number;
  /** 32 lower-case hex digits. Never changes. */
  readonly traceId: string;
  /** The business process it belongs to. */
  readonly correlationId?: string | undefined;
  /** The job that it is a part of. */
  readonly parentId?: string | undefined;
  /** The creation context, as W3C writes it. Absent when it was enqueued without tracing. */
  readonly traceparent?: string | undefined;
  /** Vendors' part of the creation context. */
  readonly tracestate?: string | undefined;
  /** The W3C `baggage` that its handler gets. */
  readonly baggage?: string | undefined;
  /** Its own rule for how its attempts' spans relate to the creation context. */
  readonly propagation?: Propagation | undefined;
  /** The span context of the latest settled attempt, whose trace can be another than `traceId`. */
  readonly attemptTraceparent?: string | undefined;
  /** Jobs that had to end before it could start. */
  readonly dependsOn: readonly string[];
  /** What a failed dependency does to it. */
  readonly onDependencyFailure: DependencyFailurePolicy;
  /** The key that makes a repeated enqueue return this job. */
  readonly idempotencyKey?: string | undefined;
  /** Its own back-off rule. */
  readonly backoff?: Backoff | undefined;
  /** Its own limit for one attempt, in ms. */
  readonly timeoutMs?: number | undefined;
  /** When it was added. */
  readonly createdAt: Date;
  /** When it was, or will be, due. */
  readonly runAt: Date;
  /** When the latest attempt began. */
  readonly startedAt?: Date | undefined;
  /** When it ended. */
  readonly finishedAt?: Date | undefined;
  /** Why the latest attempt failed, or why the job was cancelled. */
  readonly error?: JobError | undefined;
}

/** A stored job. */
export interface Job<Name extends string = string, Payload = unknown, Result = unknown>
  extends JobSummary<Name> {
  /** The input of its handler. */
  readonly payload: Payload;
  /** What its handler returned; `undefined` until the job is completed, or when that was nothing. */
  readonly result?: Result | undefined;
}

/**
 * A job of which only these parts were read. In place of a payload or a result that was left out is its
 * size, in bytes of JSON.
 */
export type JobWith<AJob extends Job, Part extends JobPart> = "payload" | "result" extends Part
  ? AJob
  : AJob extends Job ?
      & Omit<AJob, "payload" | "result">
      & ("payload" extends Part ? Pick<AJob, "payload"> : { readonly payloadBytes: number })
      & ("result" extends Part ? Pick<AJob, "result">
        : { readonly resultBytes?: number | undefined })
  : never;

/** One attempt to run a job: a call of its handler. */
export interface Attempt {
  /** Its number, counted from 1. After an attempt that did not count, the next has the same number. */
  readonly attempt: number;
  /** How it ended; `running` while it has not. */
  readonly outcome: AttemptOutcome | "running";
  /** When it started. */
  readonly startedAt: Date;
  /** When its outcome was recorded; `undefined` while it is running. */
  readonly finishedAt: Date | undefined;
  /** The error that ended it; `undefined` when it completed the job or is running. */
  readonly error: JobError | undefined;
  /** The W3C `traceparent` of its span; `undefined` without tracing, and while it is running. */
  readonly traceparent: string | undefined;
}

/** A job with all of its attempts. */
export type JobWithAttempts<AJob = Job> = AJob & {
  /** Its attempts, oldest first, the running or the completed one among them. */
  readonly attemptHistory: readonly Attempt[];
};
