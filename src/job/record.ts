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

/** An error as it is stored. */
export interface JobError {
  /** The name of its class, such as `TypeError`. */
  readonly name: string;
  /** Its message. */
  readonly message: string;
  /** Its stack, if it has one, and after it its causes and the errors of an `AggregateError`. */
  readonly stack?: string;
  /** The dependency because of which the job was cancelled, if it was. */
  readonly dependencyId?: string;
  /** The parent with which the job was cancelled, if it was. */
  readonly parentId?: string;
}

/** Who changes a job from outside, and why. */
export interface Operator {
  /** The person or program, as the caller names it. */
  readonly by?: string | undefined;
  /** The reason. */
  readonly reason?: string | undefined;
}

/** What an operator did to a job. */
export interface Operation extends Operator {
  /** What was done. */
  readonly name: "cancel" | "retry" | "reschedule";
  /** When, in ms since 1970. */
  readonly at: number;
}

/** One attempt that has ended and did not complete its job. One that was snoozed is only counted. */
export interface AttemptRecord {
  /** The job that was attempted. */
  readonly jobId: string;
  /** Counted from 1. An attempt that was not charged is repeated under the same number. */
  readonly attempt: number;
  /** How it ended. */
  readonly outcome: Exclude<AttemptOutcome, "completed" | "snoozed">;
  /** When it began, in ms since 1970. */
  readonly startedAt: number;
  /** When it was recorded, in ms since 1970. */
  readonly finishedAt: number;
  /** What went wrong, if anything did. */
  readonly error?: JobError | undefined;
  /** The W3C `traceparent` of the attempt's span, if it had one. */
  readonly traceparent?: string | undefined;
  /** The name of the worker that made it, if it had one. */
  readonly workerName?: string | undefined;
}

/** A job to be added to a store: checked, and with all defaults but those of the store. */
export interface JobInput {
  /** Made by the caller, so that jobs can refer to each other before they are stored. */
  readonly id: string;
  /** The queue that it is in. */
  readonly queueName: string;
  /** JSON text. */
  readonly payload: string;
  /** Jobs with a higher priority are claimed first. */
  readonly priority: number;
  /** It is due after this time, in ms. */
  readonly delayMs?: number | undefined;
  /** It is due at this time, in ms since 1970. */
  readonly runAt?: number | undefined;
  /** The maximum number of attempts. */
  readonly maxAttempts: number;
  /** Its back-off as JSON text; `undefined`: that of its worker. */
  readonly backoff?: string | undefined;
  /** The time limit of one attempt, in ms. */
  readonly timeoutMs?: number | undefined;
  /** A second job with this key in the same queue is not stored; the first one is returned. */
  readonly idempotencyKey?: string | undefined;
  /** The ids of the jobs that must end before it can start. Those of the same call precede it. */
  readonly dependsOn: readonly string[];
  /** What happens to it when a dependency fails or is cancelled. */
  readonly onDependencyFailure: DependencyFailurePolicy;
  /** The trace that it belongs to, as 32 lower-case hex digits. */
  readonly traceId: string;
  /** The business process that it belongs to. */
  readonly correlationId?: string | undefined;
  /** The id of its parent. */
  readonly parentId?: string | undefined;
  /**
   * The W3C `traceparent` of the span that enqueued it. Without tracing there is none, and no
   * sampling decision.
   */
  readonly traceparent?: string | undefined;
  /** The W3C `tracestate` of that span. */
  readonly tracestate?: string | undefined;
  /** The W3C `baggage` of its handler. */
  readonly baggage?: string | undefined;
  /** How the spans of its attempts relate to that span; `undefined`: as its worker says. */
  readonly propagation?: Propagation | undefined;
}

/** A stored job. Times are in ms since 1970. */
export interface JobRecord extends Omit<JobInput, "delayMs" | "runAt"> {
  /** Its position in the order of the store: a job that is added later has a higher number. */
  readonly sequence: number;
  /** Its status. */
  readonly status: JobStatus;
  /**
   * The number of attempts that have started, including the running one. An attempt that was
   * released counts only from the worker's `maxReleases` on; one that was snoozed, and one whose
   * lease expired before its start was recorded, does not count.
   */
  readonly attempts: number;
  /** How often in a row an attempt was released after its start. */
  readonly releases: number;
  /** How often in a row its handler asked to be run again later. */
  readonly snoozes: number;
  /** When it was enqueued. */
  readonly createdAt: number;
  /** When it is, or was, due. */
  readonly runAt: number;
  /** When the latest attempt started. */
  readonly startedAt?: number | undefined;
  /** When it was completed, failed or was cancelled. */
  readonly finishedAt?: number | undefined;
  /** The result of the handler as JSON text. */
  readonly result?: string | undefined;
  /** The error of the latest attempt, or the reason of the cancellation. */
  readonly error?: JobError | undefined;
  /** The W3C `traceparent` of the latest attempt that has ended. */
  readonly attemptTraceparent?: string | undefined;
  /** The last thing that an operator did to it, if the caller said that one did. */
  readonly operation?: Operation | undefined;
  /** The name of the worker that runs it, or ran it when it ended. None while it waits. */
  readonly workerName?: string | undefined;
}

/** The attempts of a job, if they were requested. */
export interface AttemptRecords {
  /** Those that have ended and did not complete the job, oldest first. */
  readonly attemptRecords?: readonly AttemptRecord[] | undefined;
}

/** A stored job with the requested parts. */
export interface FoundRecord extends Omit<JobRecord, "payload">, AttemptRecords {
  /** The payload as JSON text, if it was requested. */
  readonly payload?: string | undefined;
  /** The size of the payload in bytes of JSON, if that was left out. */
  readonly payloadBytes?: number | undefined;
  /** The size of the result in bytes of JSON, if that was left out and there is one. */
  readonly resultBytes?: number | undefined;
}

/**
 * A part of a job that can be left unread: its `payload`, its `result`, and with `stack` the stacks
 * of its errors and the ends of their long messages.
 */
export type JobPart = "payload" | "result" | "stack";

/** All of them. */
export const jobParts: readonly JobPart[] = ["payload", "result", "stack"];

/** How much is kept of an error's name and message where stacks are left out, in code points. */
export const longestSummary = 1_000;

/** An error without its stack, with as much of its message as a list shows. */
export function summaryOf({ stack: _stack, ...error }: JobError): JobError {
  return { ...error, name: summaryText(error.name), message: summaryText(error.message) };
}

/**
 * A record with the requested parts, or with all; a payload or a result that was not requested is
 * replaced by its size.
 */
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
  /** The size of the payload. */
  readonly payloadBytes?: number | undefined;
  /** The size of the result. */
  readonly resultBytes?: number | undefined;
}

/** In code points, as databases count. */
function summaryText(text: string): string {
  if (text.length <= longestSummary) return text;
  const start = Array.from(text.slice(0, 2 * longestSummary + 2));
  return start.length <= longestSummary ? text : `${start.slice(0, longestSummary).join("")}…`;
}
