/**
 * Several workers as one: many queues, one loop, shared limits.
 *
 * @module
 */
import { checkInteger } from "../job/job_options.ts";
import { checkOptionNames } from "../job/option_names.ts";
import { Runner } from "./runner.ts";
import type { Worker } from "./worker.ts";

/** The limits that the workers of a pool share. */
export interface WorkerPoolOptions {
  /** How many jobs run at once in all. Default: the sum of the workers' own limits. */
  readonly concurrency?: number | undefined;
}

/**
 * Runs workers of different queues together, with the same `tick` and `run` as one worker.
 *
 * @throws {TypeError} when there is no worker, when two work for one queue, or when their stores differ.
 *
 * ```ts
 * import { JobQueue, memory, WorkerPool } from "hammerwork";
 * import assert from "node:assert/strict";
 *
 * const queue = new JobQueue<{ a: number; b: number }>({ store: memory() });
 * const pool = new WorkerPool([queue.worker("a", () => {}), queue.worker("b", () => {})]);
 * await queue.enqueue("a", 1);
 * await queue.enqueue("b", 2);
 * assert.equal((await pool.tick()).completed, 2);
 * ```
 */
export class WorkerPool extends Runner {
  constructor(workers: readonly Worker[], options: WorkerPoolOptions = {}) {
    checkOptionNames("A pool", options, { concurrency: true });
    const settings = workers.map((worker) => worker.settings);
    const queueNames = new Set(settings.map(({ queueName }) => queueName));
    const stores = new Set(settings.map(({ source }) => source.store));
    if (stores.size !== 1 || queueNames.size < settings.length) {
      throw new TypeError(
        "A pool must have workers for different queues of one store: got " +
          `${settings.length} workers for ${queueNames.size} queues of ${stores.size} stores`,
      );
    }
    const sum = settings.reduce((total, one) => total + one.concurrency, 0);
    const most = checkInteger("concurrency", options.concurrency ?? sum, 1, 1_000_000);
    super(settings, Math.min(sum, most));
  }
}
