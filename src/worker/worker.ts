/**
 * Workers and pools of workers: a bounded tick for a cron trigger, a request or `waitUntil`, and an
 * endless run for a server. Nothing else runs in the background.
 *
 * @module
 */
import { checkInteger, checkOptionNames } from "../job/checks.ts";
import { longestTimerMs } from "../job/job_options.ts";
import { checkQueueName } from "../job/ids.ts";
import { FetchHistory } from "./fetcher.ts";
import { Loop, type LoopLimits } from "./loop.ts";
import type { WorkResult } from "./recorder.ts";
import { warnOfHiddenProvider } from "../trace/api_copy.ts";
import { runOutside } from "../trace/active_context.ts";
import { flushSpans } from "../trace/tracer.ts";
import {
  groupOf,
  named,
  withDefaults,
  type WorkerGroup,
  type WorkerOptions,
  type WorkerSettings,
  type WorkSource,
} from "./options.ts";

/** The limits of one tick. */
export interface TickOptions {
  /** How many jobs are started at most, 1 to 1,000,000. Default: no limit. */
  readonly maxJobs?: number | undefined;
  /** For how long jobs are started, in ms; running ones are waited for after that. Default: no limit. */
  readonly budgetMs?: number | undefined;
  /** Stops the tick early, as `stop` does. */
  readonly signal?: AbortSignal | undefined;
}

/** How a run is ended. */
export interface RunOptions {
  /** Stops the run, as `stop` does. */
  readonly signal?: AbortSignal | undefined;
}

/** How long a stop may take. */
export interface StopOptions {
  /** How long running jobs are waited for, in ms. Default: the worker's `stopTimeoutMs`. */
  readonly timeoutMs?: number | undefined;
}

/** What a worker and a pool of workers have in common. */
export abstract class Runner implements AsyncDisposable {
  readonly #group: WorkerGroup;
  readonly #history: FetchHistory;
  readonly #underWay = new Map<Loop, Promise<WorkResult>>();

  /** @internal */
  constructor(settings: readonly WorkerSettings[], concurrency: number) {
    this.#group = groupOf(settings, concurrency);
    this.#history = new FetchHistory(settings);
  }

  /**
   * Claims and runs what is ready, records the outcomes, calls the hooks, and returns when nothing is
   * left to do. It does the store's maintenance too, so ticks alone keep a queue going.
   *
   * @throws when the store fails repeatedly. Jobs whose outcome could not be recorded run again when
   * their leases have expired.
   */
  async tick(options: TickOptions = {}): Promise<WorkResult> {
    checkOptionNames("A tick", options, { maxJobs: true, budgetMs: true, signal: true });
    const { maxJobs, budgetMs, signal } = options;
    return await this.#work({
      maxJobs: maxJobs === undefined ? Infinity : checkInteger("maxJobs", maxJobs, 1, 1_000_000),
      budgetMs: budgetMs === undefined ? Infinity : checkBudget(budgetMs),
      endsWhenIdle: true,
    }, signal);
  }

  /**
   * Works until the signal aborts or `stop` is called, also while the store fails. Spans that have
   * not been sent by then are sent before it returns.
   */
  async run(options: RunOptions = {}): Promise<WorkResult> {
    checkOptionNames("A run", options, { signal: true });
    const limits = { maxJobs: Infinity, budgetMs: Infinity, endsWhenIdle: false };
    return await this.#work(limits, options.signal);
  }

  /**
   * Claims no more, waits for running jobs and releases those that still run after `timeoutMs`.
   * Returns when nothing runs any more.
   */
  async stop(options: StopOptions = {}): Promise<void> {
    checkOptionNames("A stop", options, { timeoutMs: true });
    const { timeoutMs } = options;
    const withinMs = timeoutMs === undefined
      ? this.#group.stopTimeoutMs
      : checkInteger("timeoutMs", timeoutMs, 0, longestTimerMs);
    for (const loop of this.#underWay.keys()) loop.stop(withinMs);
    await Promise.allSettled(this.#underWay.values());
  }

  /** Stops. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  async #work(
    limits: LoopLimits,
    signal: AbortSignal | undefined,
  ): Promise<WorkResult> {
    warnOfHiddenProvider();
    const loop = new Loop(this.#group, limits, this.#history);
    const stop = () => loop.stop(this.#group.stopTimeoutMs);
    if (signal?.aborted) stop();
    else signal?.addEventListener("abort", stop, { once: true });
    const work = this.#result(loop, limits);
    this.#underWay.set(loop, work);
    try {
      return await work;
    } finally {
      this.#underWay.delete(loop);
      signal?.removeEventListener("abort", stop);
    }
  }

  /** What a loop did, once its spans are sent too; those of a tick are the caller's to flush. */
  async #result(
    loop: Loop,
    { endsWhenIdle }: LoopLimits,
  ): Promise<WorkResult> {
    const result = await runOutside(() => loop.work(), { isTick: endsWhenIdle });
    if (!endsWhenIdle) await flushSpans(this.#group.endTimeoutMs);
    return result;
  }
}

let settingsOf: (worker: Worker) => WorkerSettings;

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
  // Its options with all defaults. A pool reads them.
  readonly #settings: WorkerSettings;
  static {
    settingsOf = (worker) => worker.#settings;
  }

  /** @internal */
  constructor(
    source: WorkSource,
    queueName: string,
    handler: WorkerSettings["handler"],
    options: WorkerOptions<never> = {},
  ) {
    const settings = withDefaults(source, checkQueueName(queueName), handler, options);
    super([settings], settings.concurrency);
    this.queueName = queueName;
    this.#settings = settings;
  }
}

/** The limits that the workers of a pool share. */
export interface WorkerPoolOptions {
  /** How many jobs run at once in all. Default: the sum of the workers' own limits. */
  readonly concurrency?: number | undefined;
  /** The name of its workers. Default: each has its own. */
  readonly name?: string | undefined;
}

/**
 * Runs workers of different queues together, with the same `tick` and `run` as one worker.
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
  /**
   * Makes a pool of these workers.
   *
   * @throws {TypeError} when there is no worker, when two work for one queue, or when their stores differ.
   */
  constructor(workers: readonly Worker[], options: WorkerPoolOptions = {}) {
    checkOptionNames("A pool", options, { concurrency: true, name: true });
    const settings = workers.map((worker) => named(options.name, settingsOf(worker)));
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

function checkBudget(budgetMs: number): number {
  if (typeof budgetMs === "number" && budgetMs > 0) return budgetMs;
  throw new RangeError(`budgetMs must be a number of ms above 0: got ${String(budgetMs)}`);
}
