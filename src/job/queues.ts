/**
 * Types only: which queues there are, and which payload each takes.
 *
 * @module
 */
import type { Job } from "./job.ts";
import type { JobOptions } from "./job_options.ts";
import type { NewJob } from "./new_job.ts";

/** The payload of each queue, by its name. Types only: nothing of it is there at run time. */
export type Queues = object;

/** The names of a queue map's queues. */
export type QueueName<Q extends Queues> = keyof Q & string;

/** A new job of any of the queues. */
export type AnyNewJob<Q extends Queues> = {
  [Name in QueueName<Q>]: NewJob<Name, Q[Name]>;
}[QueueName<Q>];

/** A stored job of one of these queues; its `queueName` tells which payload it has. */
export type JobOf<Q extends Queues, Names extends QueueName<Q>> = {
  [Name in Names]: Job<Name, Q[Name]>;
}[Names];

/** A stored job of any of the queues. */
export type AnyJob<Q extends Queues> = JobOf<Q, QueueName<Q>>;

/** What `enqueue` returns: the job as it is stored. */
export type Enqueued<AJob> = AJob & {
  /** Whether it was stored before, under its idempotency key or its id. */
  readonly deduplicated: boolean;
};

/** Enqueues inside a transaction of the caller's, where the store has such a thing. */
export interface InTransaction<Transaction> {
  /** The jobs are there exactly when it commits. */
  readonly transaction?: Transaction | undefined;
}

/** The ways to enqueue; a handler has the same as `ctx.enqueue`. */
export interface Enqueue<Q extends Queues, Transaction = never> {
  /** Enqueues one job. */
  <Name extends QueueName<Q>>(
    queueName: Name,
    payload: Q[Name],
    options?: JobOptions & InTransaction<Transaction>,
  ): Promise<Enqueued<Job<Name, Q[Name]>>>;
  /** Enqueues a job made by `job()`. */
  <Name extends QueueName<Q>>(
    newJob: NewJob<Name, Q[Name]>,
    options?: InTransaction<Transaction>,
  ): Promise<Enqueued<Job<Name, Q[Name]>>>;
  /** Enqueues all of them or none. */
  (
    newJobs: readonly AnyNewJob<Q>[],
    options?: InTransaction<Transaction>,
  ): Promise<readonly Enqueued<AnyJob<Q>>[]>;
}
