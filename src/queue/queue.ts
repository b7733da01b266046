/**
 * The queue: enqueue, lookup, cancel and retry, and the workers.
 *
 * @module
 */
import type { SpanContext } from "@opentelemetry/api";
import { type EnqueueArguments, enqueueJobs, type EnqueueSettings } from "./enqueue.ts";
import { checkJobId } from "../job/ids.ts";
import type { EnqueueContext } from "./inheritance.ts";
import type { JobWith, JobWithAttempts } from "../job/job.ts";
import {
  type CancelOptions,
  type JobChange,
  readCancelOptions,
  readRetryOptions,
  type RetryOptions,
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
} from "./find.ts";
import { readStatsOptions, type Stats, type StatsOptions, toStats } from "./stats.ts";
import type { AnyNewJob, Enqueue, EnqueuedJob, JobOf, QueueName, Queues } from "../job/queues.ts";
import { readRetention, type RetentionOptions } from "./retention.ts";
import type { Retention, Store } from "../store/store.ts";
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
import { Presences } from "../worker/presence.ts";
import { Worker } from "../worker/worker.ts";
import type { Handler } from "../worker/handler.ts";
import type { WorkerOptions, WorkerSettings, WorkSource } from "../worker/options.ts";

/** Options of a queue. Only `store` is required. */
export interface JobQueueOptions<Transaction = never> extends SpanRuleOptions {
  /**
   * The store of the jobs: `memory()`, `await sqlite(path)`, `await postgres(url)`, or one of your
   * own.
   */
  readonly store: Store<Transaction>;
  /** The maximum size of a payload and of a result, in bytes of JSON. Default: 262,144. */
  readonly maxPayloadBytes?: number | undefined;
  /**
   * How long ended jobs are kept, in ms, before workers remove them: a number, or times by how they
   * ended and by queue. One on which an unfinished job depends is kept for longer. Default: 7 days.
   */
  readonly retentionMs?: number | RetentionOptions | undefined;
  /**
   * Whether the active W3C baggage of a caller is passed on to the handlers of its jobs. Default:
   * false.
   */
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
 * Named queues in one store.
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
  /** The store of the jobs. */
  readonly store: Store<Transaction>;
  /** The maximum size of a payload and of a result, in bytes of JSON. */
  readonly maxPayloadBytes: number;
  /** How long ended jobs are kept, in ms, with every default decided. */
  readonly retentionMs: Retention;
  /** Whether the active W3C baggage of a caller is passed on to the handlers of its jobs. */
  readonly carriesBaggage: boolean;
  readonly #spanRules: SpanRules;
  // Shared by its workers. The types of payloads end here.
  readonly #workSource: WorkSource;

  /**
   * Makes a queue over a store.
   *
   * @throws {TypeError | RangeError} when an option is unknown, of another type or out of its
   * range.
   */
  constructor(options: JobQueueOptions<Transaction>) {
    checkOptionNames("A queue", options, optionNames);
    const { store, maxPayloadBytes = 262_144, retentionMs, baggage } = options;
    if (typeof store?.add !== "function") {
      throw new TypeError(
        "store must be a Store, such as memory() or await sqlite(path): got none",
      );
    }
    this.store = store;
    this.maxPayloadBytes = checkInteger("maxPayloadBytes", maxPayloadBytes, 1, 1_000_000_000);
    this.retentionMs = readRetention(retentionMs);
    this.#spanRules = readSpanRules(options, { ...defaultSpanRules, clientId: newClientId() });
    this.carriesBaggage = baggage === true;
    this.#workSource = {
      store,
      maxPayloadBytes: this.maxPayloadBytes,
      retentionMs: this.retentionMs,
      spanRules: this.#spanRules,
      maintenance: new StoreMaintenance(),
      presences: new Presences(),
      // Inside a handler, without AsyncLocalStorage.
      enqueueFrom: (scope: JobScope) => this.#enqueueWithin(() => scope),
    } as unknown as WorkSource;
  }

  /**
   * Stores a job, or several in one atomic step. Inside a handler a job inherits the trace and the
   * correlation id of the running job, which becomes its parent, unless its options say otherwise.
   *
   * @returns The stored jobs, in the given order. If a job with the same idempotency key or id was
   * stored before, it is that one, with `deduplicated: true`; other jobs of the call then depend on
   * that one.
   * @throws {TypeError | RangeError} for invalid input, such as an unknown dependency, dependencies
   * in a cycle, or a payload that is not JSON or too large. Nothing is stored then.
   * @throws {JobIdTakenError} when another job has the id of a new one. Nothing is stored then.
   */
  readonly enqueue: Enqueue<Q, Transaction> = this.#enqueueWithin(currentScope);

  /**
   * A job with all of its attempts; `undefined` if no job has this id.
   *
   * @throws {RangeError} when the id is not a UUID in lower case.
   */
  async get<Name extends QueueName<Q> = QueueName<Q>>(
    id: string,
  ): Promise<JobWithAttempts<JobOf<Q, Name>> | undefined> {
    const record = await this.store.get(checkJobId(id), { attempts: true });
    if (record === undefined) return undefined;
    const job = toJob(record) as JobOf<Q, Name>;
    return { ...job, attemptHistory: toAttemptHistory(job, record.attemptRecords ?? []) };
  }

  /**
   * Finds jobs by id, queue, status, trace, correlation id, parent and time, newest first, page by
   * page. Parts that `include` leaves out are not read.
   *
   * @throws {TypeError | RangeError} when a field of the filter is unknown or invalid.
   */
  async find<Name extends QueueName<Q> = QueueName<Q>, Part extends JobPart = JobPart>(
    filter: JobFilter<Name, Part> = {},
  ): Promise<JobPage<JobWith<JobOf<Q, Name>, Part>>> {
    const page = await this.store.find(toRecordFilter(filter));
    // The types of queues and of requested parts exist for callers only.
    return toJobPage(page) as unknown as JobPage<JobWith<JobOf<Q, Name>, Part>>;
  }

  /**
   * Finds jobs as `find` does, with all their attempts, each below its parent: a request by its
   * trace id, an order by its correlation id. The default `limit` is 1,000.
   *
   * @throws {TypeError | RangeError} when a field of the filter is unknown or invalid.
   */
  async tree<Name extends QueueName<Q> = QueueName<Q>, Part extends JobPart = JobPart>(
    filter: JobFilter<Name, Part>,
  ): Promise<JobTree<JobWith<JobOf<Q, Name>, Part>>> {
    const tree = jobTree(await findWithAttempts(this.store, filter));
    return tree as unknown as JobTree<JobWith<JobOf<Q, Name>, Part>>;
  }

  /**
   * Counts the jobs of each queue by status, and measures for how long its oldest ready job has
   * been due. With `endedWithinMs` it also counts the jobs that ended within that time: a
   * throughput and a failure rate.
   *
   * @throws {TypeError | RangeError} when an option is unknown or out of its range.
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
   * Cancels a job that has not ended, and the dependents that are cancelled with it; with
   * `descendants` its descendants too. The signal of a running handler (`ctx.signal`) is aborted,
   * and the outcome of its attempt is not recorded.
   *
   * @returns The job after the call, and whether the call cancelled it; `undefined` if no job has
   * this id.
   * @throws {TypeError | RangeError} when the id is not a job id, or an option is unknown or
   * invalid.
   */
  async cancel(id: string, options: CancelOptions = {}): Promise<JobChange | undefined> {
    const changed = await this.store.cancel(checkJobId(id), readCancelOptions(options));
    return changed && toCancelled(changed);
  }

  /**
   * Makes a failed or cancelled job ready again, with at least one more attempt, or blocked while a
   * dependency has not ended. Dependents that were cancelled because of it, and their dependents,
   * are blocked again, unless `dependents` is false or another of their dependencies did not
   * complete.
   *
   * @returns The job after the call, and whether the call changed it; `undefined` if no job has
   * this id. A job that has neither failed nor been cancelled is not changed, nor, without `force`,
   * one with a dependency that did not complete; `reason` says so.
   * @throws {TypeError | RangeError} when the id is not a job id, or an option is unknown or
   * invalid.
   */
  async retry(id: string, options: RetryOptions = {}): Promise<JobChange | undefined> {
    const changed = await this.store.retry(checkJobId(id), readRetryOptions(options));
    return changed && toRetried(changed);
  }

  /**
   * Makes a worker for one queue. It does nothing until its `run` or `tick` is called.
   *
   * @throws {TypeError | RangeError} when the name of the queue, the handler or an option is
   * invalid.
   */
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

  /** Closes the store. Stop the workers before. */
  close(): Promise<void> {
    return this.store.close();
  }

  /** Closes the store. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /**
   * Enqueues several jobs for a request of the router, below its span, and returns these parts of
   * each.
   *
   * @internal
   */
  async enqueueFor<Part extends JobPart = JobPart>(
    newJobs: readonly AnyNewJob<Q>[],
    options: {
      readonly include?: readonly Part[] | undefined;
      readonly span?: SpanContext | undefined;
    },
  ): Promise<readonly EnqueuedJob<JobWith<JobOf<Q>, Part>>[]> {
    checkOptionNames("An enqueue for a request", options, { include: true, span: true });
    const { include, span } = options;
    const settings = { ...this.#enqueueSettings(), include };
    const context = this.#enqueueContext(undefined, span);
    const enqueued = await enqueueJobs(settings, [newJobs as readonly NewJob[]], context);
    return enqueued as readonly EnqueuedJob<JobWith<JobOf<Q>, Part>>[];
  }

  #enqueueWithin(scope: () => JobScope | undefined): Enqueue<Q, Transaction> {
    // In an async function invalid arguments reject.
    const enqueue = async (...args: EnqueueArguments<Transaction>) =>
      await enqueueJobs(this.#enqueueSettings(), args, this.#enqueueContext(scope()));
    return enqueue as Enqueue<Q, Transaction>;
  }

  #enqueueSettings(): EnqueueSettings<Transaction> {
    const { store, maxPayloadBytes } = this;
    return { store, maxPayloadBytes, spanRules: this.#spanRules };
  }

  #enqueueContext(scope: JobScope | undefined, span?: SpanContext): EnqueueContext {
    const baggage = this.carriesBaggage ? activeBaggage() ?? scope?.baggage : undefined;
    // The active span, if there is a context manager; else the given one, else that of the running
    // job.
    const given = span && { spanContext: span };
    return { scope, span: activeParent() ?? given ?? parentOf(scope?.span), baggage };
  }
}
