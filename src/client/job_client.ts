/**
 * The client: the method names of `JobQueue`, over HTTP.
 *
 * @module
 */
import { checkJobId } from "../job/ids.ts";
import type { Attempted } from "../job/job.ts";
import type { JobOptions, JobReference } from "../job/job_options.ts";
import { job, type NewJob } from "../job/new_job.ts";
import type { Enqueue, JobOf, QueueName, Queues } from "../job/queues.ts";
import type { CountOptions } from "../queue/counting.ts";
import { type CancelOptions, type JobChange, readCancelOptions } from "../queue/job_change.ts";
import type { JobTree } from "../queue/job_tree.ts";
import type { JobFilter, JobPage } from "../queue/lookup.ts";
import type { Health } from "../store/health.ts";
import type { QueueCount } from "../store/store.ts";
import { currentScope } from "../trace/scope.ts";
import { activeSpanContext } from "../trace/tracer.ts";
import { Connection, type ConnectionOptions } from "./connection.ts";
import { changeFrom, jobFrom, treeFrom } from "./from_json.ts";

/** Where the router is, and how to reach it. */
export type JobClientOptions = ConnectionOptions;

/** Which jobs a tree is made of: those of a trace, or of a business process. */
export type TreeFilter =
  & ({ readonly traceId: string } | { readonly correlationId: string })
  & Pick<JobFilter, "limit" | "cursor">;

/**
 * Enqueues and looks up jobs through a `jobRouter` elsewhere. What it enqueues goes on the active
 * trace and, inside a handler, belongs to the running job's business process.
 *
 * A job's id is made here, so a call whose answer was lost can be made again with the same jobs, made
 * by `job()`: none is stored twice. Every call rejects with a {@linkcode JobClientError} when the
 * router refuses it or does not answer.
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

  /** @throws {TypeError} when the URL is none of HTTP. */
  constructor(options: JobClientOptions) {
    this.#connection = new Connection(options);
  }

  /** Stores a job, or several in one atomic step, as `JobQueue.enqueue` does. */
  readonly enqueue: Enqueue<Q> = ((...args: unknown[]) => this.#enqueue(args)) as Enqueue<Q>;

  /** A job with the attempts that did not complete it; `undefined` when there is none. */
  async get<Name extends QueueName<Q> = QueueName<Q>>(
    id: string,
  ): Promise<JobOf<Q, Name> & Attempted | undefined> {
    return await this.#one("GET", `/jobs/${checkJobId(id)}`);
  }

  /** Jobs by queue, status, trace, correlation id, parent and time, newest first, page by page. */
  async find<Name extends QueueName<Q> = QueueName<Q>>(
    filter: JobFilter<Name> = {},
  ): Promise<JobPage<JobOf<Q, Name>>> {
    const { body } = await this.#connection.ask({
      method: "GET",
      path: "/jobs",
      query: queryOf(filter),
    });
    const { jobs, nextCursor } = body as { jobs: unknown[]; nextCursor?: string };
    return { jobs: jobs.map((one) => jobFrom(one) as JobOf<Q, Name>), nextCursor };
  }

  /** The jobs of a trace or of a business process as a tree, with all attempts. */
  async tree<Name extends QueueName<Q> = QueueName<Q>>(
    { limit, cursor, ...of }: TreeFilter,
  ): Promise<JobTree<JobOf<Q, Name>>> {
    const path = "traceId" in of
      ? `/traces/${encodeURIComponent(of.traceId)}`
      : `/correlations/${encodeURIComponent(of.correlationId)}`;
    const query = queryOf({ limit, cursor });
    const { body } = await this.#connection.ask({ method: "GET", path, query });
    return treeFrom(body);
  }

  /** How many jobs each queue has with each status; with `endedWithinMs`, how many ended of late. */
  async counts({ endedWithinMs }: CountOptions = {}): Promise<readonly QueueCount[]> {
    const query = new URLSearchParams(
      endedWithinMs === undefined ? {} : { endedWithinMs: String(endedWithinMs) },
    );
    const { body } = await this.#connection.ask({ method: "GET", path: "/queues", query });
    return (body as { queues: readonly QueueCount[] }).queues;
  }

  /** The depth of each queue, its oldest waiting job, and what holds the store up. */
  async health(): Promise<Health> {
    const { body } = await this.#connection.ask({ method: "GET", path: "/health" });
    return body as Health;
  }

  /** Cancels a job that has not ended, as `JobQueue.cancel` does. */
  async cancel(id: string, options: CancelOptions = {}): Promise<JobChange | undefined> {
    readCancelOptions(options);
    const { reason } = options;
    return await this.#change(id, "cancel", { reason });
  }

  /** Makes a failed or cancelled job ready again, as `JobQueue.retry` does. */
  async retry(id: string): Promise<JobChange | undefined> {
    return await this.#change(id, "retry", {});
  }

  async #enqueue(args: readonly unknown[]): Promise<unknown> {
    const [first] = args;
    if (Array.isArray(first)) {
      if (first.length === 0) return [];
      const body = { jobs: first.map(wireOf) };
      const answered = await this.#connection.ask({ method: "POST", path: "/jobs/batch", body });
      return (answered.body as { jobs: unknown[] }).jobs.map(jobFrom);
    }
    const newJob = typeof first === "string"
      ? job(first, args[1], args[2] as JobOptions | undefined)
      : first as NewJob;
    const body = wireOf(newJob);
    return jobFrom((await this.#connection.ask({ method: "POST", path: "/jobs", body })).body);
  }

  async #one<AJob>(method: "GET" | "POST", path: string): Promise<AJob | undefined> {
    const { status, body } = await this.#connection.ask({ method, path, also: [404] });
    return status === 404 ? undefined : jobFrom(body) as AJob;
  }

  /** A conflict says that nothing was changed, and why. */
  async #change(
    id: string,
    what: "cancel" | "retry",
    body: object,
  ): Promise<JobChange | undefined> {
    const path = `/jobs/${checkJobId(id)}`;
    const also = [404, 409];
    const answered = await this.#connection.ask({
      method: "POST",
      path: `${path}/${what}`,
      body,
      also,
    });
    if (answered.status === 404) return undefined;
    if (answered.status !== 409) return changeFrom(answered.body);
    const found = await this.get(id);
    if (found === undefined) return undefined;
    const { failedAttempts: _, ...job } = found;
    const { error } = answered.body as { readonly error: { readonly message: string } };
    return { job, changed: false, reason: error.message };
  }
}

/** A new job as the router takes it. Without tracing, the running job's trace goes along by its id. */
function wireOf(newJob: NewJob): object {
  const { queueName: queue, parentId: parent, ...options } = newJob;
  const { parentTraceId, parentTraceparent: _, parentTracestate: __, ...rest } = options;
  const traceId = rest.traceId ??
    (rest.traceparent === undefined && parentTraceId === undefined &&
        activeSpanContext() === undefined
      ? currentScope()?.traceId
      : undefined);
  return { ...rest, queue, parent, traceId };
}

function queryOf(filter: JobFilter): URLSearchParams {
  const { status, queueName, parent, createdFrom, createdBefore, limit, ...ids } = filter;
  const query = new URLSearchParams();
  const set = (name: string, value: string | undefined) => {
    if (value !== undefined) query.append(name, value);
  };
  set("queue", queueName);
  for (const one of [status ?? []].flat()) set("status", one);
  set("traceId", ids.traceId);
  set("correlationId", ids.correlationId);
  set("parent", parent && idOf(parent));
  set("since", createdFrom?.toISOString());
  set("until", createdBefore?.toISOString());
  set("limit", limit === undefined ? undefined : String(limit));
  set("cursor", ids.cursor);
  return query;
}

function idOf(reference: JobReference): string {
  return typeof reference === "string" ? reference : reference.id;
}
