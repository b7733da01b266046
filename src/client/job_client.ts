/**
 * The client: the methods of `JobQueue`, over HTTP.
 *
 * @module
 */
import { checkJobId } from "../job/ids.ts";
import { checkOptionNames, InputTypeError, isInputError, type OptionNames } from "../job/checks.ts";
import type { JobWith, JobWithAttempts } from "../job/job.ts";
import type { JobOptions, JobReference } from "../job/job_options.ts";
import { checkJson } from "../job/json.ts";
import { job, type NewJob } from "../job/new_job.ts";
import type { JobPart } from "../job/record.ts";
import type { AnyNewJob, JobOf, PayloadOf, QueueName, Queues } from "../job/queues.ts";
import {
  type CancelOptions,
  type JobChange,
  readCancelOptions,
  readRetryOptions,
  type RetryOptions,
} from "../queue/job_change.ts";
import type { JobTree } from "../queue/job_tree.ts";
import { checkFilterNames, type JobFilter, type JobPage } from "../queue/find.ts";
import { checkStatsNames, type Stats, type StatsOptions } from "../queue/stats.ts";
import { currentScope } from "../trace/scope.ts";
import { activeSpanContext } from "../trace/active_context.ts";
import {
  Connection,
  JobClientError,
  type JobClientOptions,
  unexpectedAnswer,
} from "./connection.ts";
import {
  changeFrom,
  enqueuedFrom,
  enqueuedListFrom,
  jobWithAttemptsFrom,
  type ListedReceipt,
  pageFrom,
  type Receipt,
  statsFrom,
  treeFrom,
} from "./from_json.ts";

/** The signatures of `client.enqueue`. */
export interface EnqueueByRouter<Q extends Queues> {
  /** Enqueues a job. */
  <Name extends QueueName<Q>>(
    queueName: Name,
    payload: PayloadOf<Q, Name>,
    options?: JobOptions,
  ): Promise<Receipt<JobOf<Q, Name>>>;
  /** Enqueues a job made by `job()`. */
  <Name extends QueueName<Q>>(
    newJob: NewJob<Name, PayloadOf<Q, Name>>,
  ): Promise<Receipt<JobOf<Q, Name>>>;
  /** Enqueues several jobs in one step: all of them or none. */
  (newJobs: readonly AnyNewJob<Q>[]): Promise<readonly ListedReceipt<JobOf<Q>>[]>;
}

/** Which jobs are in a tree: those of a trace, or those with a correlation id. */
export type TreeFilter<Part extends JobPart = JobPart> =
  & ({ readonly traceId: string } | { readonly correlationId: string })
  & Pick<JobFilter<string, Part>, "limit" | "cursor" | "include">;

const treeFilterNames: OptionNames<
  Pick<JobFilter, "traceId" | "correlationId" | "limit" | "cursor" | "include">
> = {
  traceId: true,
  correlationId: true,
  limit: true,
  cursor: true,
  include: true,
};

/**
 * A client of a `jobRouter`. Jobs that it enqueues continue the active trace; inside a handler they
 * inherit the correlation id of the running job.
 *
 * The client makes the ids of jobs. If the answer to a call is lost, the call can be repeated with
 * the same jobs, made by `job()`: none is stored twice. All calls reject with a {@linkcode
 * JobClientError} when the router refuses them or does not answer.
 *
 * ```ts
 * import { JobQueue, memory } from "hammerwork";
 * import { JobClient } from "hammerwork/client";
 * import { jobRouter } from "hammerwork/http";
 * import assert from "node:assert/strict";
 *
 * const queue = new JobQueue({ store: memory() });
 * const router = jobRouter(queue, { publicAccess: "write" });
 *
 * const client = new JobClient<{ email_queue: { to: string } }>({
 *   url: "http://jobs.internal",
 *   fetch: (request) => router.fetch(request), // left out: the global fetch
 * });
 * const sent = await client.enqueue("email_queue", { to: "a@example.com" });
 * assert.equal((await queue.get(sent.id))?.status, "ready");
 * ```
 */
export class JobClient<Q extends Queues = Record<string, unknown>> {
  readonly #connection: Connection;

  /**
   * Makes a client of one router. It connects with the first call.
   *
   * @throws {TypeError | RangeError} when the URL is not one of HTTP, or an option is wrong.
   */
  constructor(options: JobClientOptions) {
    this.#connection = new Connection(options);
  }

  /**
   * Stores a job, or several in one atomic step, as `JobQueue.enqueue` does. Several jobs are
   * returned without their payloads and results, but with the sizes of these. A caller without the
   * right to read the queue gets a short receipt.
   */
  readonly enqueue: EnqueueByRouter<Q> =
    ((...args: unknown[]) => this.#enqueue(args)) as EnqueueByRouter<Q>;

  /** A job with all of its attempts; `undefined` if no job has this id. */
  async get<Name extends QueueName<Q> = QueueName<Q>>(
    id: string,
  ): Promise<JobWithAttempts<JobOf<Q, Name>> | undefined> {
    const request = { method: "GET", path: `/jobs/${checkJobId(id)}` } as const;
    return await this.#connection.sendIfFound(request, jobWithAttemptsFrom) as
      | JobWithAttempts<JobOf<Q, Name>>
      | undefined;
  }

  /**
   * Finds jobs by id, queue, status, trace, correlation id, parent and time, newest first, page by
   * page. Other than `JobQueue.find` it reads payloads, results and stacks only if `include` has
   * them.
   */
  async find<Name extends QueueName<Q> = QueueName<Q>, Part extends JobPart = never>(
    filter: JobFilter<Name, Part> = {},
  ): Promise<JobPage<JobWith<JobOf<Q, Name>, Part>>> {
    checkFilterNames(filter);
    const request = { method: "GET", path: "/jobs", query: queryOf(filter) } as const;
    const page = await this.#connection.send(request, pageFrom(filter.include ?? []));
    return page as JobPage<unknown> as JobPage<JobWith<JobOf<Q, Name>, Part>>;
  }

  /**
   * The jobs of a trace, or those with a correlation id, as a tree with all attempts. It reads
   * payloads, results and stacks only if `include` has them.
   */
  async tree<Name extends QueueName<Q> = QueueName<Q>, Part extends JobPart = never>(
    filter: TreeFilter<Part>,
  ): Promise<JobTree<JobWith<JobOf<Q, Name>, Part>>> {
    checkOptionNames("A tree", filter, treeFilterNames);
    const { limit, cursor, include, ...of } = filter;
    const { traceId, correlationId }: Partial<Record<"traceId" | "correlationId", string>> = of;
    if ((traceId === undefined) === (correlationId === undefined)) {
      throw new InputTypeError("A tree is of a traceId or of a correlationId: got both or neither");
    }
    const query = queryOf({ limit, cursor, include });
    if (correlationId !== undefined) query.set("correlationId", correlationId);
    const path = traceId === undefined ? "/correlations" : `/traces/${encodeURIComponent(traceId)}`;
    const request = { method: "GET", path, query } as const;
    const tree = await this.#connection.send(request, treeFrom(include ?? []));
    return tree as JobTree<unknown> as JobTree<JobWith<JobOf<Q, Name>, Part>>;
  }

  /**
   * Counts the jobs of each queue by status, and measures for how long its oldest ready job has
   * been due. With `endedWithinMs` it also counts the jobs that ended within that time.
   */
  async stats(options: StatsOptions = {}): Promise<Stats> {
    checkStatsNames(options);
    const { endedWithinMs } = options;
    const query = new URLSearchParams(
      endedWithinMs === undefined ? {} : { endedWithinMs: String(endedWithinMs) },
    );
    return await this.#connection.send({ method: "GET", path: "/stats", query }, statsFrom);
  }

  /** Cancels a job that has not ended, as `JobQueue.cancel` does. */
  async cancel(id: string, options: CancelOptions = {}): Promise<JobChange | undefined> {
    readCancelOptions(options);
    return await this.#change(id, "cancel", options);
  }

  /** Makes a failed or cancelled job ready again, as `JobQueue.retry` does. */
  async retry(id: string, options: RetryOptions = {}): Promise<JobChange | undefined> {
    return await this.#change(id, "retry", readRetryOptions(options));
  }

  async #enqueue(args: readonly unknown[]): Promise<unknown> {
    const [first] = args;
    if (typeof first !== "string" && args[1] !== undefined) {
      // Jobs made by job() have their options, and a router has no transaction of the caller.
      checkOptionNames("With jobs made by job(), enqueue", args[1] as object, {});
    }
    if (Array.isArray(first)) return await this.#enqueueAll(first);
    const newJob = typeof first === "string"
      ? job(first, args[1], args[2] as JobOptions | undefined)
      : first as NewJob;
    const request = { method: "POST", path: "/jobs", body: toRequestBody(newJob) } as const;
    return await this.#connection.send(request, enqueuedFrom);
  }

  async #enqueueAll(newJobs: readonly NewJob[]): Promise<readonly unknown[]> {
    if (newJobs.length === 0) return [];
    const body = { jobs: newJobs.map(toRequestBody) };
    const request = { method: "POST", path: "/jobs/batch", body } as const;
    const { jobs } = await this.#connection.send(request, enqueuedListFrom);
    if (jobs.length === newJobs.length) return jobs;
    throw unexpectedAnswer(`jobs must be a list of ${newJobs.length}: got ${jobs.length}`);
  }

  /** The router answers with a conflict, and the reason, when nothing was changed. */
  async #change(
    id: string,
    what: "cancel" | "retry",
    body: object,
  ): Promise<JobChange | undefined> {
    const path = `/jobs/${checkJobId(id)}/${what}`;
    try {
      return await this.#connection.sendIfFound({ method: "POST", path, body }, changeFrom);
    } catch (error) {
      if (!(error instanceof JobClientError) || error.code !== "conflict") throw error;
      const found = await this.get(id);
      if (found === undefined) return undefined;
      const { attemptHistory: _, ...job } = found;
      return { job, changed: false, reason: error.message, ...cancelledNone(body) };
    }
  }
}

/** With `descendants`: none of them was cancelled. */
function cancelledNone({ descendants }: CancelOptions): Partial<JobChange> {
  return descendants === true ? { cancelledDescendants: 0 } : {};
}

/**
 * A new job as JSON for the router. Without tracing it has the trace id of the running job.
 *
 * @throws {JobClientError} for a payload that JSON would change.
 */
function toRequestBody(newJob: NewJob): object {
  try {
    checkJson(newJob.payload, "payload");
  } catch (cause) {
    if (!isInputError(cause)) throw cause;
    throw new JobClientError(cause.message, { code: "invalid_input", path: "payload", cause });
  }
  const { parentTraceId, parentTraceparent: _, parentTracestate: __, ...rest } = newJob;
  const traceId = rest.traceId ??
    (rest.traceparent === undefined && parentTraceId === undefined &&
        activeSpanContext() === undefined
      ? currentScope()?.traceId
      : undefined);
  return { ...rest, parentId: rest.parentId ?? undefined, traceId };
}

function queryOf(filter: JobFilter): URLSearchParams {
  const { status, queueName, parent, createdFrom, createdBefore, limit, include, ...ids } = filter;
  const query = new URLSearchParams();
  const set = (name: string, value: string | undefined) => {
    if (value !== undefined) query.append(name, value);
  };
  for (const id of ids.ids ?? []) set("id", id);
  for (const one of [queueName ?? []].flat()) set("queueName", one);
  for (const one of [status ?? []].flat()) set("status", one);
  set("traceId", ids.traceId);
  set("correlationId", ids.correlationId);
  set("parentId", parent && idOf(parent));
  set("createdFrom", createdFrom?.toISOString());
  set("createdBefore", createdBefore?.toISOString());
  set("limit", limit === undefined ? undefined : String(limit));
  set("cursor", ids.cursor);
  if (include !== undefined && include.length > 0) set("include", include.join(","));
  return query;
}

function idOf(reference: JobReference): string {
  return typeof reference === "string" ? reference : reference.id;
}
