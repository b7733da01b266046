/**
 * Errors that callers throw or catch. Everything else is a built-in class: `TypeError` for a wrong
 * shape, `RangeError` for a wrong value.
 *
 * @module
 */
import { InputTypeError, shown } from "./checks.ts";
import type { JobError } from "./record.ts";
import { storable } from "./thrown.ts";

/**
 * Thrown by a handler to say that another attempt would fail too: the job fails at once.
 *
 * ```ts
 * import { NonRetryableError } from "hammerwork";
 * import assert from "node:assert/strict";
 *
 * const error = new NonRetryableError("The total does not add up", { cause: { total: 10 } });
 * assert.equal(error.name, "NonRetryableError");
 * ```
 */
export class NonRetryableError extends Error {
  /** The name of the class. */
  override name = "NonRetryableError";
}

/** Whether a handler threw the one above. Whatever it threw, it can be asked. */
export function isNonRetryable(thrown: unknown): boolean {
  try {
    return thrown instanceof NonRetryableError;
  } catch {
    // A revoked proxy, for one.
    return false;
  }
}

/** The reason of `ctx.signal` when an attempt ran into its `timeoutMs`. */
export class JobTimeoutError extends Error {
  /** The name of the class. */
  override name = "JobTimeoutError";
}

/** The reason of `ctx.signal` when a caller cancelled the running job. */
export class JobCancelledError extends Error {
  /** The name of the class. */
  override name = "JobCancelledError";
}

/** The reason of `ctx.signal` when the lease ran out and the job may be running elsewhere. */
export class LeaseLostError extends Error {
  /** The name of the class. */
  override name = "LeaseLostError";
}

/** The reason of `ctx.signal` when the worker stops and releases the job. */
export class WorkerStoppedError extends Error {
  /** The name of the class. */
  override name = "WorkerStoppedError";
}

/**
 * Thrown by `enqueue` when a job's id is that of a stored job with another queue or another payload.
 * Nothing of the call was stored. The same job may be enqueued again: then it is the stored one.
 */
export class JobIdTakenError extends RangeError {
  /** The name of the class. */
  override name = "JobIdTakenError";
  /** The id. */
  readonly jobId: string;

  /** Makes the error for the id that is taken. */
  constructor(jobId: string) {
    super(`The id of a new job must not be that of another job: got ${jobId}, which is taken`);
    this.jobId = jobId;
  }
}

/** A store that cannot serve a call now: a locked file, a full disk. Nothing of the call happened. */
export class StoreUnavailableError extends Error {
  /** The name of the class. */
  override name = "StoreUnavailableError";
}

/**
 * A call that took longer than its limit, the store's own or the server's, and was given up. Fewer
 * jobs in one call may be done in time. The message says whether something may have happened.
 */
export class StoreTimeoutError extends StoreUnavailableError {
  /** The name of the class. */
  override name = "StoreTimeoutError";
}

/** The error of an attempt whose outcome the store refused, such as by a constraint. */
export class OutcomeRefusedError extends Error {
  /** The name of the class. */
  override name = "OutcomeRefusedError";
}

/**
 * What is kept of a job that a caller cancels.
 *
 * @throws {TypeError} when the reason is no string.
 */
export function toCancellation(reason: unknown): JobError {
  if (typeof reason !== "string") {
    throw new InputTypeError(`A reason must be a string: got ${shown(reason)}`);
  }
  return { name: "JobCancelledError", message: storable(reason) };
}
