/**
 * Types only: the queues, their payloads and their results.
 *
 * @module
 */
import type { Job } from "./job.ts";
import type { JobOptions } from "./job_options.ts";
import type { NewJob } from "./new_job.ts";

/**
 * A queue map: for each queue, by its name, the type of its payload; or, as an object type with
 * exactly `payload` and `result`, the types of its payload and of the result of its handler. It
 * exists in types only.
 *
 * ```ts
 * import { JobQueue, memory } from "hammerwork";
 * import assert from "node:assert/strict";
 *
 * interface Shop {
 *   email_queue: { to: string };
 *   payment_queue: { payload: { amount: number }; result: { receipt: string } };
 * }
 * const queue = new JobQueue<Shop>({ store: memory() });
 * const { id } = await queue.enqueue("payment_queue", { amount: 5 });
 * await queue.worker("payment_queue", ({ payload }) => ({ receipt: `R-${payload.amount}` })).tick();
 * const paid = await queue.get<"payment_queue">(id);
 * assert.equal(paid?.result?.receipt, "R-5");
 * ```
 */
export type Queues = object;

/** The names of the queues of a queue map. */
export type QueueName<Q extends Queues> = keyof Q & string;

/** The payload of a queue: all of its type in the map, unless that is the long form. */
export type PayloadOf<Q extends Queues, Name extends QueueName<Q>> =
  ["payload" | "result", keyof Q[Name]] extends [keyof Q[Name], "payload" | "result"]
    ? Q[Name]["payload" & keyof Q[Name]]
    : Q[Name];

/** The result of a queue's handler: `unknown`, unless the map has the long form. */
export type ResultOf<Q extends Queues, Name extends QueueName<Q>> =
  ["payload" | "result", keyof Q[Name]] extends [keyof Q[Name], "payload" | "result"]
    ? Q[Name]["result" & keyof Q[Name]]
    : unknown;

/** A new job of any of the queues. */
export type AnyNewJob<Q extends Queues> = {
  [Name in QueueName<Q>]: NewJob<Name, PayloadOf<Q, Name>>;
}[QueueName<Q>];

/**
 * A stored job of one of these queues, by default of any. Its `queueName` discriminates the types
 * of its payload and its result.
 */
export type JobOf<Q extends Queues, Names extends QueueName<Q> = QueueName<Q>> = {
  [Name in Names]: Job<Name, PayloadOf<Q, Name>, ResultOf<Q, Name>>;
}[Names];

/** A job as `enqueue` returns it. */
export type EnqueuedJob<AJob> = AJob & {
  /** Whether it was stored before this call, with the same idempotency key or the same id. */
  readonly deduplicated: boolean;
};

/** Options of an enqueue in a transaction, if the store has transactions. */
export interface InTransaction<Transaction> {
  /** A transaction of the caller. The jobs are stored if and when it commits. */
  readonly transaction?: Transaction | undefined;
}

/** The signatures of `queue.enqueue` and of `ctx.enqueue`. */
export interface Enqueue<Q extends Queues, Transaction = never> {
  /** Enqueues a job. */
  <Name extends QueueName<Q>>(
    queueName: Name,
    payload: PayloadOf<Q, Name>,
    options?: JobOptions & InTransaction<Transaction>,
  ): Promise<EnqueuedJob<JobOf<Q, Name>>>;
  /** Enqueues a job made by `job()`. */
  <Name extends QueueName<Q>>(
    newJob: NewJob<Name, PayloadOf<Q, Name>>,
    options?: InTransaction<Transaction>,
  ): Promise<EnqueuedJob<JobOf<Q, Name>>>;
  /** Enqueues several jobs in one step: all of them or none. */
  (
    newJobs: readonly AnyNewJob<Q>[],
    options?: InTransaction<Transaction>,
  ): Promise<readonly EnqueuedJob<JobOf<Q>>[]>;
}
