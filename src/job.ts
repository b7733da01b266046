/**
 * What a job is: plain readonly data, made before it is enqueued, and as it is found later.
 *
 * @module
 */
import type { Backoff } from "./backoff.ts";
import { checkJobId, newJobId, shown } from "./ids.ts";
import { checkOptions } from "./job_options.ts";
import type { JobStatus } from "./status.ts";
import type { Attempt, DependencyFailurePolicy, JobError } from "./store.ts";

/** A job, or its id. */
export type JobReference = string | { readonly id: string };

/** How a job is to be run and where it belongs. Everything has a default. */
export interface JobOptions {
  /** The trace it belongs to: 32 hex digits or a UUID. Default: the caller's trace, else a new one. */
  readonly traceId?: string | undefined;
  /** The business process it belongs to, 1 to 255 characters. Default: that of the running job. */
  readonly correlationId?: string | undefined;
  /** A caller's W3C `traceparent`; the job's trace goes on under it. A malformed one is ignored. */
  readonly traceparent?: string | undefined;
  /** The W3C `tracestate` that came with `traceparent`. */
  readonly tracestate?: string | undefined;
  /** The job that this one is a part of. Default: the running job. Gives trace and correlation too. */
  readonly parent?: JobReference | undefined;
  /** Jobs that must end before this one starts; at most 1,000. */
  readonly dependsOn?: readonly JobReference[] | undefined;
  /** When a dependency fails or is cancelled: `cancel` this job too (default), or `run` it anyway. */
  readonly onDependencyFailure?: DependencyFailurePolicy | undefined;
  /** Higher runs first, from -32,768 to 32,767. Default 0. */
  readonly priority?: number | undefined;
  /** Not before this long from now, in ms. */
  readonly delayMs?: number | undefined;
  /** Not before this time, by the store's clock. */
  readonly runAt?: Date | undefined;
  /** How many attempts it has in all, 1 to 1,000. Default 3. */
  readonly maxAttempts?: number | undefined;
  /** The wait before a retry. Default: the worker's. */
  readonly backoff?: Backoff | undefined;
  /** The limit of one attempt, in ms. Default: the worker's. */
  readonly timeoutMs?: number | undefined;
  /** A second job with this key in the same queue is the first one, as long as that is kept. */
  readonly idempotencyKey?: string | undefined;
}

/** A job before it is enqueued: plain data with an id, so that others can refer to it. */
export interface NewJob<Name extends string = string, Payload = unknown>
  extends Omit<JobOptions, "parent" | "dependsOn"> {
  /** A UUIDv7. */
  readonly id: string;
  /** The queue it goes to. */
  readonly queueName: Name;
  /** What the handler gets: plain JSON. */
  readonly payload: Payload;
  /** The id of the job that it is a part of. */
  readonly parentId?: string | undefined;
  /** The ids of the jobs that must end before it starts. */
  readonly dependsOn?: readonly string[] | undefined;
}

/** A job as the store has it. */
export interface Job<Name extends string = string, Payload = unknown> {
  /** A UUIDv7. */
  readonly id: string;
  /** The queue it waits in. */
  readonly queueName: Name;
  /** What the handler gets. */
  readonly payload: Payload;
  /** Where it stands. */
  readonly status: JobStatus;
  /** Attempts begun, the running one among them. */
  readonly attempts: number;
  /** How many attempts it has in all. */
  readonly maxAttempts: number;
  /** Higher runs first. */
  readonly priority: number;
  /** 32 lower-case hex digits. Never changes. */
  readonly traceId: string;
  /** The business process it belongs to. */
  readonly correlationId?: string | undefined;
  /** The job that it is a part of. */
  readonly parentId?: string | undefined;
  /** The creation context, as W3C writes it. Absent when it was enqueued without tracing. */
  readonly traceparent?: string | undefined;
  /** Vendors' part of the creation context. */
  readonly tracestate?: string | undefined;
  /** Jobs that had to end before it could start. */
  readonly dependsOn: readonly string[];
  /** What a failed dependency does to it. */
  readonly onDependencyFailure: DependencyFailurePolicy;
  /** The key that makes a repeated enqueue return this job. */
  readonly idempotencyKey?: string | undefined;
  /** Its own back-off rule. */
  readonly backoff?: Backoff | undefined;
  /** Its own limit for one attempt, in ms. */
  readonly timeoutMs?: number | undefined;
  /** When it was added. */
  readonly createdAt: Date;
  /** When it was, or will be, due. */
  readonly runAt: Date;
  /** When the latest attempt began. */
  readonly startedAt?: Date | undefined;
  /** When it ended. */
  readonly finishedAt?: Date | undefined;
  /** What the handler returned. */
  readonly result?: unknown;
  /** Why the latest attempt failed, or why the job was cancelled. */
  readonly error?: JobError | undefined;
}

/** What `get` returns: the job with the attempts that did not complete it, oldest first. */
export interface JobWithAttempts<Name extends string = string, Payload = unknown>
  extends Job<Name, Payload> {
  /** Failed, timed out, handed back or lost attempts. A job that succeeds at once has none. */
  readonly failedAttempts: readonly Attempt[];
}

/**
 * Makes a job, to be enqueued alone or with others as a graph.
 *
 * @throws {RangeError} when the queue name, an id or an option is out of its range.
 * @throws {TypeError} when an option has another name or type.
 *
 * ```ts
 * import { job } from "hammerwork";
 * import assert from "node:assert/strict";
 *
 * const payment = job("payment_queue", { amount: 299.99 }, { correlationId: "order-12345" });
 * const email = job("email_queue", { to: "a@example.com" }, { dependsOn: [payment] });
 * assert.deepEqual(email.dependsOn, [payment.id]);
 * ```
 */
export function job<const Name extends string, Payload>(
  queueName: Name,
  payload: Payload,
  options: JobOptions = {},
): NewJob<Name, Payload> {
  const { parent, dependsOn, ...rest } = options;
  return checkJob({
    id: newJobId(),
    queueName,
    payload,
    ...inherited(parent),
    ...definedOnly(rest),
    ...(parent !== undefined && { parentId: idOf(parent) }),
    ...(dependsOn !== undefined && { dependsOn: dependsOn.map(idOf) }),
  });
}

/** Refuses a job that is not as `job()` makes it, such as one that came from elsewhere. */
export function checkJob<Name extends string, Payload>(
  newJob: NewJob<Name, Payload>,
): NewJob<Name, Payload> {
  if (typeof newJob !== "object" || newJob === null) {
    throw new TypeError(`A job must be made by job(): got ${shown(newJob)}`);
  }
  const { id, queueName, payload: _payload, ...options } = newJob;
  checkJobId(id);
  checkQueueName(queueName);
  checkOptions(options);
  return Object.freeze(newJob);
}

/** Refuses what is not a queue name: a letter or digit, then up to 127 letters, digits, `_ . : -`. */
export function checkQueueName(name: unknown): string {
  if (typeof name === "string" && /^[A-Za-z0-9][\w.:-]{0,127}$/.test(name)) return name;
  throw new RangeError(
    "A queue name must be a letter or digit, then up to 127 letters, digits or _ . : -, " +
      `such as "email_queue": got ${shown(name)}`,
  );
}

function idOf(reference: JobReference): string {
  return typeof reference === "string" ? reference : checkJobId(reference?.id, "A job's id");
}

/** A parent that is at hand gives its trace and its business process; an id is looked up later. */
function inherited(
  parent: JobReference | undefined,
): Pick<JobOptions, "traceId" | "correlationId"> {
  if (typeof parent !== "object") return {};
  const { traceId, correlationId } = parent as Partial<Job>;
  return definedOnly({ traceId, correlationId });
}

function definedOnly<T extends object>(object: T): T {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as T;
}
