/**
 * How a job is to be run and where it belongs: its options, their ranges, and the refusal of anything
 * outside them.
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

/** A job, or its id. */
export type JobReference = string | { readonly id: string };

/** How a job is to be run and where it belongs. Everything has a default. */
export interface JobOptions {
  /**
   * The trace it belongs to: 32 hex digits or a UUID. Default: the caller's trace, else a new one.
   * A job that is given one never leaves it.
   */
  readonly traceId?: string | undefined;
  /** The business process it belongs to, 1 to 255 characters. Default: that of the running job. */
  readonly correlationId?: string | undefined;
  /** A caller's W3C `traceparent`; the job's trace goes on under it. A malformed one is ignored. */
  readonly traceparent?: string | undefined;
  /** The W3C `tracestate` that came with `traceparent`. */
  readonly tracestate?: string | undefined;
  /** A caller's W3C `baggage`, for the handler. Default: the active one, where the queue carries it. */
  readonly baggage?: string | undefined;
  /**
   * How its attempts' spans relate to its creation context. Default: the worker's rule. A handler that
   * enqueues its next run says `link`, or all runs become one endless trace.
   */
  readonly propagation?: Propagation | undefined;
  /**
   * The job that this one is a part of; `null` for none, also inside a handler. Default: the running
   * job. A parent gives its trace and its correlation id too. A part of a cancelled job is stored as
   * cancelled. When it is in the same call and turns
   * out to be deduplicated, the job has the stored parent's id, but the trace of this call.
   */
  readonly parent?: JobReference | null | undefined;
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

/** The options of a job that was made: jobs have become ids. */
export interface NewJobOptions extends Omit<JobOptions, "parent" | "dependsOn"> {
  /** The id of the job that it is a part of; `null` for none. */
  readonly parentId?: string | null | undefined;
  /** The parent's trace and creation context, where the parent was at hand. */
  readonly parentTraceId?: string | undefined;
  /** Its `traceparent`. */
  readonly parentTraceparent?: string | undefined;
  /** Its `tracestate`. */
  readonly parentTracestate?: string | undefined;
  /** The ids of the jobs that must end before it starts. */
  readonly dependsOn?: readonly string[] | undefined;
}

/** The most attempts that a job can have. */
export const mostAttempts = 1_000;

/** The most releases in a row that are counted. */
export const mostReleases = 32_767;

/** The most jobs that one job can depend on. */
export const mostDependencies = 1_000;

/** A timer that is set for longer fires at once. */
export const longestTimerMs: number = 2_147_483_647;

const checks: Readonly<Record<keyof NewJobOptions, (value: unknown) => void>> = {
  traceId: (value) => readTraceId(value as string),
  correlationId: checkCorrelationId,
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

/** The options that a job is made with. */
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

/** Refuses an option of another name, type or range. */
export function checkOptions(options: NewJobOptions): void {
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

/** Refuses what is none of the rules. */
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
  try {
    checkCorrelationId(value);
  } catch {
    throw new InputRangeError(
      `An idempotency key must be 1 to 255 characters without control characters: got ${
        shown(value)
      }`,
    );
  }
}
