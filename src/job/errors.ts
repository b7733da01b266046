/**
 * Errors that callers throw or catch. Everything else is a built-in class: `TypeError` for a wrong
 * shape, `RangeError` for a wrong value.
 *
 * @module
 */
import { longestDelayMs } from "./backoff.ts";
import {
  checkInteger,
  checkOptionNames,
  InputTypeError,
  type OptionNames,
  shown,
} from "./checks.ts";
import type { JobError } from "./record.ts";
import { storable } from "./thrown.ts";

/**
 * Thrown by a handler when another attempt would fail too: the job fails without further attempts.
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

/** When a handler wants to be run again. */
export interface RetryAfterOptions extends ErrorOptions {
  /** After what time, in ms: a whole number from 0 to 365 days. */
  readonly delayMs: number;
  /**
   * Whether nothing of the job's queue is claimed until then, by any worker: for a limit that holds
   * for all of its jobs. A pause that ends later stays. Default: false.
   */
  readonly pauseQueue?: boolean | undefined;
  /** Why; it is also the reason of the pause. Default: says after what time. */
  readonly message?: string | undefined;
}

const optionNames: OptionNames<RetryAfterOptions> = {
  delayMs: true,
  pauseQueue: true,
  message: true,
  cause: true,
};

/**
 * Thrown by a handler that cannot do its work before a certain time: the job waits until then. That
 * is no failure: no attempt is used up, and the back-off does not count it. At most `maxSnoozes`
 * times in a row, 1,000 unless the worker's options say otherwise; then the job fails.
 *
 * ```ts
 * import { RetryAfterError } from "hammerwork";
 * import assert from "node:assert/strict";
 *
 * const error = new RetryAfterError({ delayMs: 30_000, message: "The gateway answered 429" });
 * assert.equal(error.delayMs, 30_000);
 * assert.throws(() => new RetryAfterError({ delayMs: NaN }), RangeError);
 * ```
 */
export class RetryAfterError extends Error {
  /** The name of the class. */
  override name = "RetryAfterError";
  /** After what time, in ms. */
  readonly delayMs: number;
  /** Whether nothing of the job's queue is claimed until then. */
  readonly pauseQueue: boolean;

  /**
   * Makes the error.
   *
   * @throws {RangeError} when `delayMs` is not a whole number from 0 to 365 days.
   */
  constructor(options: RetryAfterOptions) {
    checkOptionNames("A RetryAfterError", options, optionNames);
    const { delayMs, pauseQueue = false, message = `To be run again after ${delayMs} ms` } =
      options;
    super(message, options);
    this.pauseQueue = pauseQueue;
    this.delayMs = checkInteger("delayMs", delayMs, 0, longestDelayMs);
  }
}

/** Whether an error of this class was thrown. It accepts any value and never throws. */
export function isThrown<T extends Error>(
  thrown: unknown,
  type: new (...args: never) => T,
): thrown is T {
  try {
    return thrown instanceof type;
  } catch {
    // A revoked proxy, for one.
    return false;
  }
}

/** The reason of `ctx.signal` when an attempt exceeded its `timeoutMs`. */
export class JobTimeoutError extends Error {
  /** The name of the class. */
  override name = "JobTimeoutError";
}

/** The reason of `ctx.signal` when the running job was cancelled. */
export class JobCancelledError extends Error {
  /** The name of the class. */
  override name = "JobCancelledError";
}

/** The reason of `ctx.signal` when the lease expired: another worker may be running the job. */
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
 * Thrown by `enqueue` when a stored job of another queue or with another payload has the id of a
 * new job. Nothing is stored. The same job can be enqueued again; the stored one is returned then.
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

/** Thrown when a store cannot serve a call at present, for example because its file is locked. */
export class StoreUnavailableError extends Error {
  /** The name of the class. */
  override name = "StoreUnavailableError";
  /** Whether the call may have had an effect, because its answer was lost. Default: false. */
  readonly mayHaveChanged: boolean;

  /** Makes the error of a call that had no effect, or may have had one. */
  constructor(
    message: string,
    { mayHaveChanged = false, ...options }: ErrorOptions & {
      /** Whether the call may have had an effect. Default: false. */
      readonly mayHaveChanged?: boolean | undefined;
    } = {},
  ) {
    super(message, options);
    this.mayHaveChanged = mayHaveChanged;
  }
}

/**
 * Thrown when a call exceeded its time limit, that of the store or of the server. With fewer jobs in
 * one call it may be done in time.
 */
export class StoreTimeoutError extends StoreUnavailableError {
  /** The name of the class. */
  override name = "StoreTimeoutError";
}

/** A store's schema is missing or too old. */
export class SchemaError extends RangeError {
  /** What was expected and what came, without what to do about it. */
  readonly finding: string;
  /** Whether there is none at all. */
  readonly isMissing: boolean;

  constructor(finding: string, isMissing: boolean, advice: string) {
    super(`${finding}. ${advice}`);
    this.finding = finding;
    this.isMissing = isMissing;
  }
}

/** The error of an attempt whose outcome the store refused, such as by a constraint. */
export class OutcomeRefusedError extends Error {
  /** The name of the class. */
  override name = "OutcomeRefusedError";
}

/**
 * The stored error of a cancelled job.
 *
 * @throws {TypeError} when the reason is not a string.
 */
export function toCancellation(reason: unknown): JobError {
  if (typeof reason !== "string") {
    throw new InputTypeError(`A reason must be a string: got ${shown(reason)}`);
  }
  return { name: "JobCancelledError", message: storable(reason) };
}
