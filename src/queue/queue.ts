/**
 * The queue: jobs go in with their trace, and are looked up by it.
 *
 * @module
 */
import type { SpanContext } from "@opentelemetry/api";
import { type Destination, type EnqueueArguments, enqueueJobs } from "./enqueue.ts";
import { checkJobId } from "../job/ids.ts";
import type { EnqueueContext } from "./inheritance.ts";
import type { JobWith, JobWithAttempts } from "../job/job.ts";
import {
  type CancelOptions,
  type JobChange,
  readCancelOptions,
  readRetryOptions,
  toCancelled,
  toRetried,
} from "./job_change.ts";
import { checkInteger, checkOptionNames, type OptionNames } from "../job/checks.ts";
import { type JobTree, jobTree } from "./job_tree.ts";
import type { NewJob } from "../job/new_job.ts";
import type { JobPart } from "../job/record.ts";
import {
  findWithAttempts,
  type JobFilter,
  type JobPage,
  toJobPage,
  toRecordFilter,
} from "./filters.ts";
import { readStatsOptions, type Stats, type StatsOptions, toStats } from "./stats.ts";
import type { AnyNewJob, Enqueue, Enqueued, JobOf, QueueName, Queues } from "../job/queues.ts";
import type { RetryOptions, Store } from "../store/store.ts";
import { activeBaggage } from "../trace/baggage.ts";
import {
  defaultSpanRules,
  newClientId,
  readSpanRules,
  type SpanRuleOptions,
  type SpanRules,
} from "../trace/rules.ts";
import { currentScope, type JobScope } from "../trace/scope.ts";
import { activeParent, parentOf } from "../trace/start_span.ts";
import { toAttemptHistory, toJob } from "../job/from_record.ts";
import { StoreMaintenance } from "../worker/maintenance.ts";
import { Worker } from "../worker/worker.ts";
import type { Handler } from "../worker/handler.ts";
import type { WorkerOptions, WorkerSettings, WorkSource } from "../worker/options.ts";

const SEVEN_DAYS_MS = 7 * 24 * 60 * 60 * 1_000;

/** How a queue is set up. */
export interface JobQueueOptions<Transaction = never> extends SpanRuleOptions {
  /** Where the jobs live: `memory()`, `sqlite(path)`, or one of your own. */
  readonly store: Store<Transaction>;
  /** The largest payload and the largest result, in bytes of JSON. Default 262,144. */
  readonly maxPayloadBytes?: number | undefined;
  /** How long ended jobs are kept for lookup, in ms; the workers remove them. Default 7 days. */
  readonly retentionMs?: number | undefined;
  /** Whether a caller's active W3C baggage goes with its jobs to their handlers. Default false. */
  readonly baggage?: boolean | undefined;
}

const optionNames: OptionNames<JobQueueOptions> = {
  store: true,
  maxPayloadBytes: true,
  retentionMs: true,
  baggage: true,
  propagation: true,
  childWithinMs: true,
  spanAttributes: true,
};

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
  /** Whether a caller's W3C baggage goes with its jobs to their handlers. */
  readonly carriesBaggage: boolean;
  readonly #spanRules: SpanRules;
  // What its workers share. Payload types end here: a handler gets what was stored.
  readonly #workSource: WorkSource;

  /**
   * Makes a queue over a store.
   *
   * @throws {TypeError | RangeError} when an option is unknown, of another type or out of its range.
   */
  constructor(options: JobQueueOptions<Transaction>) {
    checkOptionNames("A queue", options, optionNames);
    const { store, maxPayloadBytes = 262_144, retentionMs = SEVEN_DAYS_MS, baggage } = options;
    if (typeof store?.add !== "function") {
      throw new TypeError(
        "store must be a Store, such as memory() or await sqlite(path): got none",
      );
    }
    this.store = store;
    this.maxPayloadBytes = checkInteger("maxPayloadBytes", maxPayloadBytes, 1, 1_000_000_000);
    this.retentionMs = checkInteger("retentionMs", retentionMs, 0, Number.MAX_SAFE_INTEGER);
    this.#spanRules = readSpanRules(options, { ...defaultSpanRules, clientId: newClientId() });
    this.carriesBaggage = baggage === true;
    this.#workSource = {
      store,
      maxPayloadBytes: this.maxPayloadBytes,
      retentionMs: this.retentionMs,
      spanRules: this.#spanRules,
      maintenance: new StoreMaintenance(),
      // A handler's job is known without AsyncLocalStorage.
      enqueueFrom: (scope: JobScope) => this.#enqueueWithin(() => scope),
    } as unknown as WorkSource;
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
  readonly enqueue: Enqueue<Q, Transaction> = this.#enqueueWithin(currentScope);

  /** A job with all of its attempts; `undefined` when no job has this id. */
  async get<Name extends QueueName<Q> = QueueName<Q>>(
    id: string,
  ): Promise<JobWithAttempts<JobOf<Q, Name>> | undefined> {
    const record = await this.store.get(checkJobId(id), { attempts: true });
    if (record === undefined) return undefined;
    const job = toJob(record) as JobOf<Q, Name>;
    return { ...job, attemptHistory: toAttemptHistory(job, record.attemptRecords ?? []) };
  }

  /**
   * Jobs by queue, status, trace, correlation id, parent and time, newest first, page by page. What
   * `include` leaves out is not read.
   */
  async find<Name extends QueueName<Q> = QueueName<Q>, Part extends JobPart = JobPart>(
    filter: JobFilter<Name, Part> = {},
  ): Promise<JobPage<JobWith<JobOf<Q, Name>, Part>>> {
    const page = await this.store.find(toRecordFilter(filter));
    // Which queues there are and what was asked for is a matter of types, and ends here.
    return toJobPage(page) as unknown as JobPage<JobWith<JobOf<Q, Name>, Part>>;
  }

  /**
   * Jobs as `find` gives them, each below the job that it is a part of and with all its attempts: a
   * request by its trace id, an order by its correlation id. Up to 1,000 jobs, unless `limit` says less.
   */
  async tree<Name extends QueueName<Q> = QueueName<Q>, Part extends JobPart = JobPart>(
    filter: JobFilter<Name, Part>,
  ): Promise<JobTree<JobWith<JobOf<Q, Name>, Part>>> {
    const tree = jobTree(await findWithAttempts(this.store, filter));
    return tree as unknown as JobTree<JobWith<JobOf<Q, Name>, Part>>;
  }

  /**
   * For each queue how many jobs have each status and how long its oldest ready job has been due; with
   * `endedWithinMs` also how many jobs ended within that time, and how: a throughput and a failure rate.
   */
  async stats(options: StatsOptions = {}): Promise<Stats> {
    const endedWithinMs = readStatsOptions(options);
    const [counts, health, ended] = await Promise.all([
      this.store.counts(),
      this.store.health(),
      endedWithinMs === undefined ? undefined : this.store.counts({ endedWithinMs }),
    ]);
    return toStats(counts, health, ended);
  }

  /**
   * Cancels a job that has not ended, and the dependents that its end cancels; with `descendants` its
   * parts too, of which none goes on after the answer but one that runs until it hears of it. A running handler
   * learns it from `ctx.signal`; whatever it does then is not recorded.
   *
   * @returns The job as it is stored then, and whether it was cancelled by this call; `undefined` when
   * there is none.
   * @throws {TypeError | RangeError} when the id is none, the reason no string, or an option unknown.
   */
  async cancel(id: string, options: CancelOptions = {}): Promise<JobChange | undefined> {
    const changed = await this.store.cancel(checkJobId(id), readCancelOptions(options));
    return changed && toCancelled(changed);
  }

  /**
   * Makes a failed or cancelled job ready again, with at least one more attempt; blocked while a job
   * that it depends on has not ended. The dependents that were cancelled because of it, and in turn
   * theirs, wait again, unless `dependents` is false or they depend on another job that did not
   * complete.
   *
   * @returns The job as it is stored then, and whether this call changed it; `undefined` when there is
   * none. It is not changed when it has neither failed nor been cancelled, or when a job that it depends
   * on did not complete: `reason` says which, and `force` retries it all the same.
   */
  async retry(id: string, options: RetryOptions = {}): Promise<JobChange | undefined> {
    const changed = await this.store.retry(checkJobId(id), readRetryOptions(options));
    return changed && toRetried(changed);
  }

  /** A worker for one queue. It does nothing until its `run` or `tick` is called. */
  worker<Name extends QueueName<Q>>(
    queueName: Name,
    handler: Handler<Q, Name, Transaction>,
    options: WorkerOptions<JobOf<Q, Name>> = {},
  ): Worker {
    return new Worker(
      this.#workSource,
      queueName,
      handler as unknown as WorkerSettings["handler"],
      options,
    );
  }

  /** Closes the store. Workers are to be stopped before. */
  close(): Promise<void> {
    return this.store.close();
  }

  /** Closes the store. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /**
   * Enqueues all of them or none for a request, within its span, and returns of each job these parts.
   * What `include` leaves out of jobs that were stored before is not read.
   *
   * @internal
   */
  async enqueueFor<Part extends JobPart = JobPart>(
    newJobs: readonly AnyNewJob<Q>[],
    options: {
      readonly include?: readonly Part[] | undefined;
      readonly span?: SpanContext | undefined;
    },
  ): Promise<readonly Enqueued<JobWith<JobOf<Q>, Part>>[]> {
    checkOptionNames("An enqueue for a request", options, { include: true, span: true });
    const { include, span } = options;
    const destination = { ...this.#destination(), include };
    const context = this.#enqueueContext(undefined, span);
    const enqueued = await enqueueJobs(destination, [newJobs as readonly NewJob[]], context);
    return enqueued as readonly Enqueued<JobWith<JobOf<Q>, Part>>[];
  }

  #enqueueWithin(scope: () => JobScope | undefined): Enqueue<Q, Transaction> {
    // The arguments are read inside a promise, so that bad ones reject rather than throw.
    const enqueue = async (...args: EnqueueArguments<Transaction>) =>
      await enqueueJobs(this.#destination(), args, this.#enqueueContext(scope()));
    return enqueue as Enqueue<Q, Transaction>;
  }

  #destination(): Destination<Transaction> {
    const { store, maxPayloadBytes } = this;
    return { store, maxPayloadBytes, spanRules: this.#spanRules };
  }

  #enqueueContext(scope: JobScope | undefined, span?: SpanContext): EnqueueContext {
    const baggage = this.carriesBaggage ? activeBaggage() ?? scope?.baggage : undefined;
    // The active span, if there is a context manager; else the given one, else that of the running job.
    const given = span && { spanContext: span };
    return { scope, span: activeParent() ?? given ?? parentOf(scope?.span), baggage };
  }
}
