/**
 * What a store keeps of a job, and the parts of it that can be large, so that a list can leave them
 * unread. Text that is JSON (`payload`, `result`, `backoff`) is kept as it came.
 *
 * @module
 */
import { utf8Length } from "./json.ts";
import type { AttemptOutcome } from "./outcomes.ts";
import type { JobStatus } from "./status.ts";

/** What happens to a job when a job that it depends on fails or is cancelled. */
export type DependencyFailurePolicy = "cancel" | "run";

/**
 * How an attempt's span relates to the job's creation context: `child` of it, a root of a new trace
 * that `link`s to it, `none` of both, or `auto`: a child when it starts soon after, else a link.
 */
export type Propagation = "auto" | "child" | "link" | "none";

/** What is kept of an error. */
export interface JobError {
  /** The error's class, such as `TypeError`. */
  readonly name: string;
  /** What it said. */
  readonly message: string;
  /** Where it was thrown, if known, and what stands behind it: causes, the errors of an AggregateError. */
  readonly stack?: string;
  /** Of a job that was cancelled because of a job that it depends on: that job's id. */
  readonly dependencyId?: string;
  /** Of a job that was cancelled because of the job that it is a part of: that job's id. */
  readonly parentId?: string;
}

/** One attempt that has ended and did not complete its job. */
export interface AttemptRecord {
  /** The job that was attempted. */
  readonly jobId: string;
  /** Counted from 1. An attempt that was not charged is repeated under the same number. */
  readonly attempt: number;
  /** How it ended. */
  readonly outcome: Exclude<AttemptOutcome, "completed">;
  /** When it began, in ms since 1970. */
  readonly startedAt: number;
  /** When it was recorded, in ms since 1970. */
  readonly finishedAt: number;
  /** What went wrong, if anything did. */
  readonly error?: JobError | undefined;
  /** The W3C `traceparent` of the attempt's span, if it had one. */
  readonly traceparent?: string | undefined;
}

/** A job as a caller hands it to a store: checked, with everything decided but the store's part. */
export interface JobInput {
  /** Made by the caller, so that a graph of jobs can refer to itself before it is stored. */
  readonly id: string;
  /** The queue it waits in. */
  readonly queueName: string;
  /** JSON text. */
  readonly payload: string;
  /** Higher runs first. */
  readonly priority: number;
  /** Not before this long from now. */
  readonly delayMs?: number | undefined;
  /** Not before this time, in ms since 1970. */
  readonly runAt?: number | undefined;
  /** How many attempts it has in all. */
  readonly maxAttempts: number;
  /** JSON text of a back-off rule. */
  readonly backoff?: string | undefined;
  /** The limit of one attempt. */
  readonly timeoutMs?: number | undefined;
  /** A second job with this key in the same queue is the first one. */
  readonly idempotencyKey?: string | undefined;
  /** Ids of jobs that must end before it starts. Those added in the same call come before it. */
  readonly dependsOn: readonly string[];
  /** What a failed dependency does to it. */
  readonly onDependencyFailure: DependencyFailurePolicy;
  /** 32 lower-case hex digits. */
  readonly traceId: string;
  /** A business id. */
  readonly correlationId?: string | undefined;
  /** The job that enqueued it. */
  readonly parentId?: string | undefined;
  /** The creation context. Absent when the enqueuer had no tracing and so took no sampling decision. */
  readonly traceparent?: string | undefined;
  /** Vendors' part of the creation context. */
  readonly tracestate?: string | undefined;
  /** The caller's W3C `baggage`, where the queue carries it. */
  readonly baggage?: string | undefined;
  /** The job's own rule for its attempts' spans; else the worker's holds. */
  readonly propagation?: Propagation | undefined;
}

/** A job as the store keeps it. Times are in ms since 1970. */
export interface JobRecord extends Omit<JobInput, "delayMs" | "runAt"> {
  /** Its place in the store's order: later jobs have higher numbers. */
  readonly sequence: number;
  /** Where it stands. */
  readonly status: JobStatus;
  /**
   * Attempts that began, the running one among them. One that was released counts only at its
   * worker's `maxReleases`; one that was lost before its begin was recorded does not count.
   */
  readonly attempts: number;
  /** How often in a row an attempt that had begun was released. */
  readonly releases: number;
  /** When it was added. */
  readonly createdAt: number;
  /** When it was, or will be, due. */
  readonly runAt: number;
  /** When the latest attempt began. */
  readonly startedAt?: number | undefined;
  /** When it ended. */
  readonly finishedAt?: number | undefined;
  /** JSON text of what the handler returned. */
  readonly result?: string | undefined;
  /** Why the latest attempt failed, or why the job was cancelled. */
  readonly error?: JobError | undefined;
  /** The `traceparent` of the latest settled attempt's span. */
  readonly attemptTraceparent?: string | undefined;
}

/** The attempts of a job, where they were asked for. */
export interface AttemptRecords {
  /** Those that have ended and did not complete the job, oldest first. */
  readonly attemptRecords?: readonly AttemptRecord[] | undefined;
}

/** A job as it was found, with the parts that were asked for. */
export interface FoundRecord extends Omit<JobRecord, "payload">, AttemptRecords {
  /** JSON text, if it was asked for. */
  readonly payload?: string | undefined;
  /** The size of the payload in bytes of JSON, if that was left out. */
  readonly payloadBytes?: number | undefined;
  /** The size of the result in bytes of JSON, if that was left out and there is one. */
  readonly resultBytes?: number | undefined;
}

/**
 * A part of a job that can be left unread: its `payload`, its `result`, and with `stack` the stacks of
 * its errors and the ends of their long messages.
 */
export type JobPart = "payload" | "result" | "stack";

/** All of them. */
export const jobParts: readonly JobPart[] = ["payload", "result", "stack"];

/** How much is kept of an error's name and message where stacks are left out, in code points. */
export const longestSummary = 1_000;

/** An error without its stack, with as much of its message as a list shows. */
export function summaryOf({ stack: _stack, ...error }: JobError): JobError {
  return { ...error, name: shortened(error.name), message: shortened(error.message) };
}

/** A record with the parts that are asked for, or all; of a payload or a result else its size. */
export function recordWith(
  record: JobRecord,
  include: readonly JobPart[] | undefined,
  sizes: PartSizes = {},
): FoundRecord {
  if (include === undefined) return record;
  const { payload, result, error } = record;
  const has = (part: JobPart) => include.includes(part);
  return {
    ...record,
    ...!has("payload") && {
      payload: undefined,
      payloadBytes: sizes.payloadBytes ?? utf8Length(payload),
    },
    ...!has("result") && {
      result: undefined,
      resultBytes: sizes.resultBytes ?? (result === undefined ? undefined : utf8Length(result)),
    },
    error: has("stack") ? error : error && summaryOf(error),
  };
}

/** The sizes of parts, where they are known, in bytes of JSON. */
export interface PartSizes {
  readonly payloadBytes?: number | undefined;
  readonly resultBytes?: number | undefined;
}

/** In code points, as databases count. */
function shortened(text: string): string {
  if (text.length <= longestSummary) return text;
  const start = Array.from(text.slice(0, 2 * longestSummary + 2));
  return start.length <= longestSummary ? text : `${start.slice(0, longestSummary).join("")}…`;
}
