/**
 * A handler: the function that runs a job, and what it gets beside the job.
 *
 * @module
 */
import type { Span } from "@opentelemetry/api";
import type { Enqueue, JobOf, QueueName, Queues, ResultOf } from "../job/queues.ts";
import type { JobScope, jobScope } from "../trace/scope.ts";

/** What a handler gets beside the job. */
export interface JobContext<Q extends Queues = Record<string, unknown>, Transaction = never> {
  /** Aborted when the attempt times out, the job is cancelled, its lease expires or the worker stops. */
  readonly signal: AbortSignal;
  /** The attempt's span. Without tracing it records nothing. */
  readonly span: Span;
  /** Enqueues a job as a part of this one: in its trace, with its correlation id, as its child. */
  readonly enqueue: Enqueue<Q, Transaction>;
  /**
   * Whether no other job of the trace is unfinished at this moment. Of two that end at the same time
   * neither may be the final one; the end of the trace is recorded once, for `onTraceComplete`.
   *
   * @throws {TypeError} when the store does not record the ends of traces.
   */
  isFinalJobInTrace(): Promise<boolean>;
  /**
   * The running job, for `logFields(ctx)`.
   *
   * @internal
   */
  readonly [jobScope]?: JobScope | undefined;
}

/**
 * Runs one attempt of a job. What it returns is stored as the job's result, of the type that the queue
 * map says; what it throws fails the attempt.
 */
export type Handler<Q extends Queues, Name extends QueueName<Q>, Transaction = never> = (
  job: JobOf<Q, Name>,
  ctx: JobContext<Q, Transaction>,
) => ResultOf<Q, Name> | Promise<ResultOf<Q, Name>>;
