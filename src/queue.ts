/**
 * The queue: jobs go in with their trace, and are looked up by it.
 *
 * @module
 */
import type { SpanContext } from "@opentelemetry/api";
import { inDependencyOrder } from "./graph.ts";
import { checkJobId } from "./ids.ts";
import { inherit } from "./inheritance.ts";
import type { Attempted, Job } from "./job.ts";
import { checkInteger, type JobOptions } from "./job_options.ts";
import { type JobFilter, type JobPage, toRecordFilter } from "./lookup.ts";
import { measureSend } from "./metrics/measure.ts";
import type { Enqueue, InTransaction, JobOf, QueueName, Queues } from "./queues.ts";
import { checkJob, job, type NewJob } from "./new_job.ts";
import { payloadText, toFailedAttempt, toInput, toJob } from "./translate.ts";
import type { Health } from "./health.ts";
import type { JobRecord } from "./record.ts";
import type { Added, QueueCount, Store } from "./store.ts";
import { startSending } from "./trace/producer.ts";
import { currentScope, type JobScope } from "./trace/scope.ts";
import { activeSpanContext } from "./trace/tracer.ts";
import { Worker } from "./worker.ts";
import type { Handler, WorkerOptions, WorkerSettings, WorkSource } from "./worker_settings.ts";

const SEVEN_DAYS_MS = 7 * 24 * 60 * 60 * 1_000;

/** How a queue is set up. */
export interface JobQueueOptions<Transaction = never> {
  /** Where the jobs live: `memory()`, `sqlite(path)`, or one of your own. */
  readonly store: Store<Transaction>;
  /** The largest payload and the largest result, in bytes of JSON. Default 262,144. */
  readonly maxPayloadBytes?: number | undefined;
  /** How long ended jobs are kept for lookup, in ms; the workers remove them. Default 7 days. */
  readonly retentionMs?: number | undefined;
}

/**
 * Queues by name over one store.
 *
 * ```ts
 * import { JobQueue, memory } from "hammerwork";
 * import assert from "node:assert/strict";
 *
 * const queue = new JobQueue<{ email_queue: { to: string } }>({ store: memory() });
 * const sent = await queue.enqueue("email_queue", { to: "a@example.com" }, {
 *   correlationId: "order-12345",
 * });
 * const { jobs } = await queue.find({ correlationId: "order-12345" });
 * assert.equal(jobs[0]?.traceId, sent.traceId);
 * ```
 */
export class JobQueue<Q extends Queues = Record<string, unknown>, Transaction = never>
  implements AsyncDisposable {
  /** Where the jobs live. */
  readonly store: Store<Transaction>;
  /** The largest payload and the largest result, in bytes of JSON. */
  readonly maxPayloadBytes: number;
  /** How long ended jobs are kept for lookup, in ms. */
  readonly retentionMs: number;

  constructor(options: JobQueueOptions<Transaction>) {
    const { store, maxPayloadBytes = 262_144, retentionMs = SEVEN_DAYS_MS } = options;
    if (typeof store?.add !== "function") {
      throw new TypeError(
        "store must be a Store, such as memory() or await sqlite(path): got none",
      );
    }
    this.store = store;
    this.maxPayloadBytes = checkInteger("maxPayloadBytes", maxPayloadBytes, 1, 1_000_000_000);
    this.retentionMs = checkInteger("retentionMs", retentionMs, 0, Number.MAX_SAFE_INTEGER);
  }

  /**
   * Stores a job, or several in one atomic step, each with its trace, its correlation id and its
   * parent. Inside a handler they are the running job's unless the options say otherwise.
   *
   * @returns What is stored. A job whose idempotency key or id was used before is the first one,
   * marked `deduplicated`; dependencies of the same call then point to that one.
   * @throws {TypeError | RangeError} for bad input: an unknown dependency, a circle, a payload that is
   * no JSON or too large. Nothing is stored then.
   */
  readonly enqueue: Enqueue<Q, Transaction> = this.#enqueueWithin(
    currentScope,
    activeSpanContext,
  );

  /** A job with the attempts that did not complete it; `undefined` when there is none. */
  async get<Name extends QueueName<Q> = QueueName<Q>>(
    id: string,
  ): Promise<JobOf<Q, Name> & Attempted | undefined> {
    const record = await this.store.get(checkJobId(id));
    if (record === undefined) return undefined;
    const attempts = await this.store.attempts(id);
    return { ...toJob(record) as JobOf<Q, Name>, failedAttempts: attempts.map(toFailedAttempt) };
  }

  /** Jobs by queue, status, trace, correlation id, parent and time, newest first, page by page. */
  async find<Name extends QueueName<Q> = QueueName<Q>>(
    filter: JobFilter<Name> = {},
  ): Promise<JobPage<JobOf<Q, Name>>> {
    const recordFilter = toRecordFilter(filter);
    const records = await this.store.find(recordFilter);
    const page = records.slice(0, recordFilter.limit - 1);
    return {
      jobs: page.map((record) => toJob(record) as JobOf<Q, Name>),
      nextCursor: records.length > page.length ? String(page.at(-1)!.sequence) : undefined,
    };
  }

  /** How many jobs each queue has with each status. */
  counts(): Promise<readonly QueueCount[]> {
    return this.store.counts();
  }

  /** The depth of each queue, its oldest waiting job, and what holds the store up. */
  health(): Promise<Health> {
    return this.store.health();
  }

  /**
   * Cancels a job that has not ended, and the dependents that its end cancels. A running handler
   * learns it from `ctx.signal`; whatever it does then is not recorded.
   *
   * @returns The job, whether it was cancelled now or had ended before; `undefined` when there is none.
   */
  async cancel(id: string, reason: string = "Cancelled by a caller"): Promise<Job | undefined> {
    const error = { name: "JobCancelledError", message: reason };
    const record = await this.store.cancel(checkJobId(id), error);
    return record && toJob(record);
  }

  /** A worker for one queue. It does nothing until its `run` or `tick` is called. */
  worker<Name extends QueueName<Q>>(
    queueName: Name,
    handler: Handler<Q, Name, Transaction>,
    options: WorkerOptions<Job<Name, Q[Name]>> = {},
  ): Worker {
    // Payload types end here: a handler gets what was stored.
    const source = this as unknown as WorkSource;
    return new Worker(source, queueName, handler as WorkerSettings["handler"], options);
  }

  /** Closes the store. Workers are to be stopped before. */
  close(): Promise<void> {
    return this.store.close();
  }

  /** Closes the store. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** `enqueue` as a part of the given job, for a handler on a runtime without AsyncLocalStorage. */
  enqueueFrom(
    scope: JobScope,
    span: () => SpanContext | undefined,
  ): Enqueue<Q, Transaction> {
    return this.#enqueueWithin(() => scope, span);
  }

  #enqueueWithin(
    scope: () => JobScope | undefined,
    span: () => SpanContext | undefined,
  ): Enqueue<Q, Transaction> {
    const enqueue = (...args: EnqueueArguments<Transaction>) =>
      this.#enqueue(args, scope(), span());
    return enqueue as Enqueue<Q, Transaction>;
  }

  async #enqueue(
    args: EnqueueArguments<Transaction>,
    scope: JobScope | undefined,
    span: SpanContext | undefined,
  ): Promise<unknown> {
    const { newJobs, transaction } = readArguments(args);
    if (newJobs.length === 0) return [];
    const payloads = new Map(
      newJobs.map((job) => [job.id, payloadText(job, this.maxPayloadBytes)]),
    );
    const ordered = inDependencyOrder(newJobs);
    const parents = await this.#storedParents(ordered);
    const sendables = inherit(ordered, parents, { scope, span });
    const sending = startSending(sendables);
    let added: readonly Added[];
    try {
      const inputs = sendables.map((sendable, i) =>
        toInput(sendable, sending.creations[i]!, payloads.get(sendable.job.id)!)
      );
      added = await measureSend(sendables, () => this.store.add(inputs, transaction));
    } catch (error) {
      sending.end(error);
      throw error;
    }
    sending.end();
    const enqueued = new Map(added.map(({ job, deduplicated }, i) => [
      ordered[i]!.id,
      { ...toJob(job), deduplicated },
    ]));
    const results = newJobs.map(({ id }) => enqueued.get(id)!);
    return Array.isArray(args[0]) ? results : results[0];
  }

  /** Parents that are known only by their id, to inherit from. */
  async #storedParents(jobs: readonly NewJob[]): Promise<ReadonlyMap<string, JobRecord>> {
    const here = new Set(jobs.map(({ id }) => id));
    const parents = new Map<string, JobRecord>();
    for (const { parentId, traceId, correlationId } of jobs) {
      if (parentId === undefined || here.has(parentId) || parents.has(parentId)) continue;
      if (traceId !== undefined && correlationId !== undefined) continue;
      const parent = await this.store.get(parentId);
      if (parent !== undefined) parents.set(parentId, parent);
      // With a trace of its own it may belong to one that only the caller's transaction can see.
      else if (traceId === undefined) {
        throw new RangeError(`A parent must be a stored job: got ${parentId}`);
      }
    }
    return parents;
  }
}

type EnqueueArguments<Transaction> =
  | [queueName: string, payload: unknown, options?: JobOptions & InTransaction<Transaction>]
  | [newJob: NewJob, options?: InTransaction<Transaction>]
  | [newJobs: readonly NewJob[], options?: InTransaction<Transaction>];

function readArguments<Transaction>(
  args: EnqueueArguments<Transaction>,
): { newJobs: readonly NewJob[]; transaction: Transaction | undefined } {
  if (typeof args[0] === "string") {
    const { transaction, ...options } = args[2] ?? {};
    return { newJobs: [job(args[0], args[1], options as JobOptions)], transaction };
  }
  const newJobs = Array.isArray(args[0]) ? args[0] as readonly NewJob[] : [args[0] as NewJob];
  // Plain data can come from anywhere, so it is checked again.
  for (const newJob of newJobs) checkJob(newJob);
  return { newJobs, transaction: (args[1] as InTransaction<Transaction> | undefined)?.transaction };
}
