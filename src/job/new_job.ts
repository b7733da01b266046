/**
 * A job before it is enqueued: plain readonly data with an id, to which other jobs can refer.
 *
 * @module
 */
import { checkOptionNames, InputRangeError, InputTypeError, shown } from "./checks.ts";
import { checkJobId, checkQueueName, newJobId } from "./ids.ts";
import type { Job } from "./job.ts";
import {
  checkJobOptions,
  jobOptionNames,
  type JobOptions,
  type JobReference,
  type NewJobOptions,
} from "./job_options.ts";

/** A job before it is enqueued: plain data with an id, to which other jobs can refer. */
export interface NewJob<Name extends string = string, Payload = unknown> extends NewJobOptions {
  /** A UUIDv7, in lower case. */
  readonly id: string;
  /** The queue that it goes to. */
  readonly queueName: Name;
  /** The input of its handler: plain JSON. */
  readonly payload: Payload;
}

/**
 * Makes a job without enqueueing it, so that other jobs can refer to it.
 *
 * @throws {RangeError} when the queue name, an id or an option is out of its range.
 * @throws {TypeError} when an option is unknown or of another type.
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
  checkOptionNames("A job", options, jobOptionNames);
  return makeJob(queueName, payload, options);
}

/** As `job()`, for options whose names have been checked. */
export function makeJob<const Name extends string, Payload>(
  queueName: Name,
  payload: Payload,
  { parent, dependsOn, ...rest }: JobOptions,
): NewJob<Name, Payload> {
  return Object.freeze(checkJob({
    id: newJobId(),
    queueName,
    payload,
    ...inherited(parent),
    ...definedOnly(rest),
    ...(parent !== undefined && { parentId: parent === null ? null : idOf(parent) }),
    ...(dependsOn !== undefined && { dependsOn: idsOf(dependsOn) }),
  }));
}

/** Refuses a job that `job()` would not make. */
export function checkJob<Name extends string, Payload>(
  newJob: NewJob<Name, Payload>,
): NewJob<Name, Payload> {
  if (typeof newJob !== "object" || newJob === null) {
    throw new InputTypeError(`A job must be made by job(): got ${shown(newJob)}`);
  }
  const { id, queueName, payload: _payload, ...options } = newJob;
  checkJobId(id);
  checkQueueName(queueName);
  checkJobOptions(options);
  checkPropagationWithin(options);
  return newJob;
}

function idsOf(references: readonly JobReference[]): readonly string[] {
  if (Array.isArray(references)) return references.map(idOf);
  throw new InputTypeError(
    `dependsOn must be a list of jobs or job ids: got ${shown(references)}`,
  );
}

function idOf(reference: JobReference): string {
  return typeof reference === "string" ? reference : checkJobId(reference?.id, "A job's id");
}

/** What is inherited from a parent that is a job. A parent that is an id is read at the enqueue. */
function inherited(parent: JobReference | null | undefined): Partial<NewJobOptions> {
  if (typeof parent !== "object" || parent === null) return {};
  const { traceId, correlationId, traceparent, tracestate } = parent as Partial<Job>;
  return definedOnly({
    correlationId,
    parentTraceId: traceId,
    parentTraceparent: traceparent,
    parentTracestate: tracestate,
  });
}

/**
 * The spans of a job with a trace id of its own stay in this trace, however late an attempt starts.
 */
function checkPropagationWithin({ traceId, propagation = "auto" }: NewJobOptions): void {
  if (traceId === undefined || propagation === "auto" || propagation === "child") return;
  throw new InputRangeError(
    `A job with a trace id of its own never leaves that trace, so its propagation must be auto or ` +
      `child: got ${shown(propagation)}`,
  );
}

/** The object without the properties that are `undefined`. */
export function definedOnly<T extends object>(object: T): T {
  const defined: Partial<T> = {};
  for (const name of Object.keys(object) as (keyof T)[]) {
    if (object[name] !== undefined) defined[name] = object[name];
  }
  return defined as T;
}
