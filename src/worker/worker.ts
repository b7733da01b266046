/**
 * A worker: one handler for the jobs of one queue. `queue.worker()` makes it.
 *
 * @module
 */
import { checkQueueName } from "../job/ids.ts";
import { Runner } from "./runner.ts";
import {
  withDefaults,
  type WorkerOptions,
  type WorkerSettings,
  type WorkSource,
} from "./options.ts";

/**
 * Works for one queue, by `tick` or by `run`.
 *
 * ```ts
 * import { JobQueue, memory } from "hammerwork";
 * import assert from "node:assert/strict";
 *
 * const queue = new JobQueue<{ sums: number[] }>({ store: memory() });
 * const worker = queue.worker("sums", (job) => job.payload.reduce((a, b) => a + b, 0));
 *
 * const { id } = await queue.enqueue("sums", [1, 2, 3]);
 * assert.equal((await worker.tick()).completed, 1);
 * assert.equal((await queue.get(id))?.result, 6);
 * ```
 */
export class Worker extends Runner {
  /** The queue it works for. */
  readonly queueName: string;
  /** Its options with every default decided. */
  readonly settings: WorkerSettings;

  constructor(
    source: WorkSource,
    queueName: string,
    handler: WorkerSettings["handler"],
    options: WorkerOptions<never> = {},
  ) {
    const settings = withDefaults(source, checkQueueName(queueName), handler, options);
    super([settings], settings.concurrency);
    this.queueName = queueName;
    this.settings = settings;
  }
}
