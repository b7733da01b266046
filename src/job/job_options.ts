/**
 * The options of a job: their types, their ranges, and the checks of both.
 *
 * @module
 */
import {
  checkInteger,
  inPart,
  InputRangeError,
  InputTypeError,
  type OptionNames,
  shown,
  unknownOption,
} from "./checks.ts";
import { type Backoff, checkBackoff, longestDelayMs } from "./backoff.ts";
import { checkCorrelationId, checkJobId, readTraceId } from "./ids.ts";
import type { DependencyFailurePolicy, Propagation } from "./record.ts";

/** A job or its id. */
export type JobReference = string | { readonly id: string };

/** Options of a job. All are optional. */
export interface JobOptions {
  /**
   * The trace that it belongs to, as 32 hex digits or a UUID. The spans of a job with this option
   * never leave the trace. Default: the caller's trace, else a new one.
   */
  readonly traceId?: string | undefined;
  /**
   * The business process that it belongs to, 1 to 255 characters. Default: that of the running job.
   */
  readonly correlationId?: string | undefined;
  /**
   * The W3C `traceparent` of a caller, below which the job is traced. Ignored if it is malformed.
   */
  readonly traceparent?: string | undefined;
  /** The W3C `tracestate` of `traceparent`. */
  readonly tracestate?: string | undefined;
  /** The W3C `baggage` of the handler. Default: the active baggage, if the queue passes it on. */
  readonly baggage?: string | undefined;
  /**
   * How the spans of its attempts relate to the span that enqueues it. A handler that enqueues its
   * own next run should say `link`, or all runs become one endless trace. Default: that of the
   * worker.
   */
  readonly propagation?: Propagation | undefined;
  /**
   * Its parent: the job that it is a part of; `null` for none, also inside a handler. It inherits
   * the trace and the correlation id of its parent, and is stored as cancelled when the parent is
   * cancelled. Default: the running job.
   *
   * When the parent is in the same call and turns out to be stored before, the job gets the id of
   * the stored parent, but the trace of this call.
   */
  readonly parent?: JobReference | null | undefined;
  /** Its dependencies: at most 1,000 jobs that must end before it can start. Default: none. */
  readonly dependsOn?: readonly JobReference[] | undefined;
  /** Whether a failed or cancelled dependency cancels the job or lets it run. Default: `cancel`. */
  readonly onDependencyFailure?: DependencyFailurePolicy | undefined;
  /** Jobs with a higher priority are claimed first, -32,768 to 32,767. Default: 0. */
  readonly priority?: number | undefined;
  /** It is due after this time, in ms. Not together with `runAt`. Default: 0. */
  readonly delayMs?: number | undefined;
  /**
   * It is due at this time, by the clock of the store. Not together with `delayMs`. Default: now.
   */
  readonly runAt?: Date | undefined;
  /** The maximum number of attempts, 1 to 1,000. Default: 3. */
  readonly maxAttempts?: number | undefined;
  /** The wait before a retry. Default: that of the worker. */
  readonly backoff?: Backoff | undefined;
  /** The time limit of one attempt, in ms. Default: that of the worker. */
  readonly timeoutMs?: number | undefined;
  /**
   * While a job with the same key is stored in the same queue, that job is returned and no other is
   * stored. 1 to 255 characters. Default: none.
   */
  readonly idempotencyKey?: string | undefined;
}

/** The options of a job made by `job()`: references to jobs have become ids. */
export interface NewJobOptions extends Omit<JobOptions, "parent" | "dependsOn"> {
  /** The id of its parent; `null` for none. */
  readonly parentId?: string | null | undefined;
  /** The trace of its parent, if `parent` was a job and not an id. */
  readonly parentTraceId?: string | undefined;
  /** The `traceparent` of its parent, if `parent` was a job and not an id. */
  readonly parentTraceparent?: string | undefined;
  /** The `tracestate` of its parent, if `parent` was a job and not an id. */
  readonly parentTracestate?: string | undefined;
  /** The ids of its dependencies. */
  readonly dependsOn?: readonly string[] | undefined;
}

/** The upper limit of `maxAttempts`. */
export const mostAttempts = 1_000;

/** The upper limit of a worker's `maxReleases` and `maxSnoozes`. */
export const mostInARow = 32_767;

/** The maximum number of dependencies of a job. */
export const mostDependencies = 1_000;

/** The longest delay of a timer, in ms. A longer one fires at once. */
export const longestTimerMs: number = 2_147_483_647;

const checks: Readonly<Record<keyof NewJobOptions, (value: unknown) => void>> = {
  traceId: (value) => readTraceId(value as string),
  correlationId: (value) => checkCorrelationId(value),
  // W3C Trace Context: a receiver ignores what it cannot parse, so any text is taken here.
  traceparent: (value) => checkText("traceparent", value),
  tracestate: (value) => checkText("tracestate", value),
  baggage: (value) => checkText("baggage", value),
  propagation: checkPropagation,
  parentId: (value) => value === null || checkJobId(value, "parent"),
  parentTraceId: (value) => readTraceId(value as string),
  parentTraceparent: (value) => checkText("parentTraceparent", value),
  parentTracestate: (value) => checkText("parentTracestate", value),
  dependsOn: checkDependencies,
  onDependencyFailure: checkFailurePolicy,
  priority: (value) => checkInteger("priority", value, -32_768, 32_767),
  delayMs: (value) => checkInteger("delayMs", value, 0, longestDelayMs),
  runAt: checkDate,
  maxAttempts: (value) => checkInteger("maxAttempts", value, 1, mostAttempts),
  backoff: checkBackoff,
  timeoutMs: (value) => checkInteger("timeoutMs", value, 1, longestTimerMs),
  idempotencyKey: checkIdempotencyKey,
};

/** The names of the options of a job. */
export const jobOptionNames: OptionNames<JobOptions> = {
  traceId: true,
  correlationId: true,
  traceparent: true,
  tracestate: true,
  baggage: true,
  propagation: true,
  parent: true,
  dependsOn: true,
  onDependencyFailure: true,
  priority: true,
  delayMs: true,
  runAt: true,
  maxAttempts: true,
  backoff: true,
  timeoutMs: true,
  idempotencyKey: true,
};

/** Refuses an unknown option, and one of another type or out of its range. */
export function checkJobOptions(options: NewJobOptions): void {
  for (const [name, value] of Object.entries(options)) {
    if (!Object.hasOwn(checks, name)) throw unknownOption("A job", name, checks);
    if (value === undefined) continue;
    try {
      checks[name as keyof NewJobOptions](value);
    } catch (error) {
      throw inPart(error, name);
    }
  }
  if (options.delayMs !== undefined && options.runAt !== undefined) {
    throw new InputTypeError("A job can have delayMs or runAt: got both");
  }
}

function checkText(name: string, value: unknown): void {
  if (typeof value !== "string") {
    throw new InputTypeError(`${name} must be a string: got ${shown(value)}`);
  }
}

function checkDependencies(value: unknown): void {
  if (!Array.isArray(value) || value.length > mostDependencies) {
    throw new InputRangeError(
      `dependsOn must be at most ${mostDependencies} jobs or job ids: got ` +
        (Array.isArray(value) ? value.length : shown(value)),
    );
  }
  for (const [i, id] of value.entries()) {
    try {
      checkJobId(id, "dependsOn");
    } catch (error) {
      throw inPart(error, `[${i}]`);
    }
  }
}

function checkFailurePolicy(value: unknown): void {
  if (value !== "cancel" && value !== "run") {
    throw new InputRangeError(`onDependencyFailure must be "cancel" or "run": got ${shown(value)}`);
  }
}

/** Refuses what is not a propagation. */
export function checkPropagation(value: unknown): Propagation {
  if (propagations.includes(value as Propagation)) return value as Propagation;
  throw new InputRangeError(`propagation must be ${propagations.join(", ")}: got ${shown(value)}`);
}

const propagations: readonly Propagation[] = ["auto", "child", "link", "none"];

function checkDate(value: unknown): void {
  const year = value instanceof Date ? value.getUTCFullYear() : NaN;
  if (!(year >= 1970 && year <= 9999)) {
    throw new InputRangeError(`runAt must be a Date from 1970 to 9999: got ${shown(value)}`);
  }
}

function checkIdempotencyKey(value: unknown): void {
  checkCorrelationId(value, "An idempotency key");
}
