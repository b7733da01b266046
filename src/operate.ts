/**
 * What an operator does to queues: many jobs cancelled, retried, rescheduled or deleted in one call;
 * queues paused and resumed. An entry of its own, so that a program that only enqueues and works does not carry it.
 *
 * @module
 */
import type { QueueName, Queues } from "./job/queues.ts";
import {
  cancelMany,
  deleteMany,
  type ManyFilter,
  type ManyOptions,
  type ManyResult,
  rescheduleMany,
  type RescheduleManyOptions,
  retryMany,
  type RetryManyOptions,
} from "./operate/act_on_many.ts";
import { type NamedPause, pause, type PauseOptions, pauses, resume } from "./operate/pause.ts";
import type { JobQueue } from "./queue/queue.ts";

export type {
  ManyFilter,
  ManyOptions,
  ManyProgress,
  ManyResult,
  RescheduleManyOptions,
  RetryManyOptions,
} from "./operate/act_on_many.ts";
export type { NamedPause, PauseOptions } from "./operate/pause.ts";

/** What an operator does to the queues of a store. */
export interface Operations<Name extends string = string> {
  /**
   * Cancels all jobs that match and have not ended, and the dependents that are cancelled with
   * them, as `JobQueue.cancel` does. By trace or correlation id it goes on until no job is left
   * that matches, so that what a running handler enqueues meanwhile is cancelled too; by other
   * fields it is of the jobs that were there when it began.
   */
  cancel(filter: ManyFilter<Name>, options?: ManyOptions): Promise<ManyResult>;
  /**
   * Retries the failed and cancelled jobs that match, each once, as `JobQueue.retry` does: those
   * that had ended when it began.
   */
  retry(filter: ManyFilter<Name>, options?: RetryManyOptions): Promise<ManyResult>;
  /**
   * Changes when the waiting jobs that match are due, or their priority: `{ delayMs: 0 }` runs them
   * now. A job that is due and stays due keeps its place; a blocked one still waits for its
   * dependencies.
   */
  reschedule(filter: ManyFilter<Name>, options: RescheduleManyOptions): Promise<ManyResult>;
  /**
   * Removes the ended jobs that match, as retention does, but none on which an unfinished job
   * depends. Their children stay, and become roots of the tree.
   */
  delete(filter: ManyFilter<Name>, options?: ManyOptions): Promise<ManyResult>;
  /**
   * Pauses a queue, or all queues with the name `"*"`: no job of it is claimed after the answer, and
   * workers hand back what they hold and have not started. Running jobs go on, delays go on
   * counting, and a restart changes nothing. Of two pauses the one that ends later holds. Returns
   * the one that holds.
   */
  pause(queueName: Name | "*", options?: PauseOptions): Promise<NamedPause>;
  /**
   * Ends the pause of a queue, or with `"*"` that of all queues, whoever paused, and wakes workers.
   * The two do not end each other: returns the pause of all queues if the queue is still paused by
   * that.
   */
  resume(queueName: Name | "*"): Promise<NamedPause | undefined>;
  /** The pauses that hold, that of all queues first. */
  pauses(): Promise<readonly NamedPause[]>;
}

/**
 * The operator's side of a queue. Each call goes over the matching jobs in passes of 1,000, oldest
 * first; a pass is done whole or not at all.
 *
 * ```ts
 * import { JobQueue, memory } from "hammerwork";
 * import { operate } from "hammerwork/operate";
 * import assert from "node:assert/strict";
 *
 * const queue = new JobQueue({ store: memory() });
 * const { id } = await queue.enqueue("email_queue", { to: "a@example.com" }, {
 *   correlationId: "order-12345",
 * });
 * const { changed } = await operate(queue).cancel({ correlationId: "order-12345" }, {
 *   reason: "The order was cancelled",
 *   by: "Ada",
 * });
 * assert.equal(changed, 1);
 * assert.equal((await queue.get(id))?.operation?.by, "Ada");
 * ```
 */
export function operate<Q extends Queues, Transaction>(
  { store }: JobQueue<Q, Transaction>,
): Operations<QueueName<Q>> {
  return {
    cancel: (filter, options) => cancelMany(store, filter, options),
    retry: (filter, options) => retryMany(store, filter, options),
    reschedule: (filter, options) => rescheduleMany(store, filter, options),
    delete: (filter, options) => deleteMany(store, filter, options),
    pause: (queueName, options) => pause(store, queueName, options),
    resume: (queueName) => resume(store, queueName),
    pauses: () => pauses(store),
  };
}
