/**
 * A job in memory: its record and what the store alone knows of it.
 *
 * @module
 */
import type {
  AttemptRecord,
  FoundRecord,
  JobError,
  JobInput,
  JobRecord,
} from "../../job/record.ts";
import { utf8Length } from "../../job/json.ts";
import { type JobPart, summaryOf } from "../../job/parts.ts";
import { bytesOfAttempt, dependencyBytes, summaryBytes } from "../page_bytes.ts";
import type { ClaimedJob } from "../store.ts";
import { unknownDependency } from "../reasons.ts";
import type { Link } from "./linked_list.ts";
import { type MemoryTrace, newTrace } from "./trace.ts";

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

/** A job in memory. */
export interface Entry {
  /** As it is handed out, in copies. */
  readonly record: Mutable<JobRecord>;
  /** The size of its payload. */
  readonly payloadBytes: number;
  /** The size of its result, if it has one. */
  resultBytes: number | undefined;
  /** How many of its dependencies have not ended. */
  pending: number;
  /** The jobs that wait for its end. */
  dependents: Set<Entry> | undefined;
  /** The jobs that are cancelled because of it. */
  cancelledFor: Set<Entry> | undefined;
  /** Attempts that did not complete it. */
  readonly failures: AttemptRecord[];
  /** The traces, other than its own, that attempts of it ran in. */
  ranIn: Set<string> | undefined;
  /** Its trace: one of its own until it is inserted. */
  trace: MemoryTrace;
  /** Its places in the orders in which it can be looked up. */
  readonly links: {
    [Key in "all" | "traceId" | "correlationId" | "parentId"]: Link<Entry> | undefined;
  };
  /** Its place among the jobs that have ended, once it has. */
  ended: Link<Entry> | undefined;
  /** The end of its trace that it brought and that nobody has told of yet. */
  untold: Link<UntoldEnd> | undefined;
  /** The present lease. */
  leaseToken: string | undefined;
  /** Until when it holds. */
  leasedUntil: number;
  /** Whether its attempt is known to have begun. */
  hasBegun: boolean;
  /** Whether a lease expired once without that. */
  isSuspect: boolean;
}

/** An end of a trace that nobody has told of yet. */
export interface UntoldEnd {
  /** The job that ended last. It tells all else, until the end is told of or the job is revived. */
  readonly last: Entry;
  readonly epoch: number;
  /** From when anybody may tell of it. */
  dueAt: number;
}

/**
 * A new entry. Its sequence and its status are decided when it is inserted. Its dependencies and its
 * parent are under another id where the same call deduplicated them.
 */
export function newEntry(
  input: JobInput,
  now: number,
  storedId: (id: string) => string | undefined,
): Entry {
  const { delayMs = 0, runAt = now + delayMs, parentId } = input;
  return {
    // Each field in its place from the first: records of one shape are copied quickly.
    record: {
      sequence: 0,
      id: input.id,
      queueName: input.queueName,
      status: "ready",
      payload: input.payload,
      priority: input.priority,
      attempts: 0,
      releases: 0,
      maxAttempts: input.maxAttempts,
      backoff: input.backoff,
      timeoutMs: input.timeoutMs,
      idempotencyKey: input.idempotencyKey,
      dependsOn: [...new Set(input.dependsOn.map((id) => storedId(id) ?? refuse(id)))],
      onDependencyFailure: input.onDependencyFailure,
      traceId: input.traceId,
      correlationId: input.correlationId,
      parentId: parentId && (storedId(parentId) ?? parentId),
      traceparent: input.traceparent,
      tracestate: input.tracestate,
      baggage: input.baggage,
      propagation: input.propagation,
      createdAt: now,
      runAt: Math.max(runAt, now),
      startedAt: undefined,
      finishedAt: undefined,
      result: undefined,
      error: undefined,
      attemptTraceparent: undefined,
    },
    payloadBytes: utf8Length(input.payload),
    resultBytes: undefined,
    pending: 0,
    dependents: undefined,
    cancelledFor: undefined,
    failures: [],
    ranIn: undefined,
    trace: newTrace(),
    leaseToken: undefined,
    leasedUntil: 0,
    hasBegun: false,
    isSuspect: false,
    links: { all: undefined, traceId: undefined, correlationId: undefined, parentId: undefined },
    ended: undefined,
    untold: undefined,
  };
}

function refuse(dependencyId: string): never {
  throw unknownDependency(dependencyId);
}

/** Keeps an attempt that did not complete its job. */
export function remember(
  { record, failures }: Entry,
  outcome: AttemptRecord["outcome"],
  now: number,
  error?: JobError,
  traceparent?: string,
): void {
  const kept = error && { ...error };
  record.error = kept;
  const { id: jobId, attempts: attempt, startedAt = now } = record;
  failures.push({ jobId, attempt, outcome, startedAt, finishedAt: now, error: kept, traceparent });
}

/** A copy of a record, so that what callers do to it stays theirs. */
export function copyOf(record: JobRecord): JobRecord {
  const { dependsOn, error } = record;
  return { ...record, dependsOn: [...dependsOn], error: error && { ...error } };
}

/** A copy of a record with the parts that are asked for. */
export function foundCopyOf(
  { record, payloadBytes, resultBytes, failures }: Entry,
  include: readonly JobPart[],
  attempts: boolean = false,
): FoundRecord {
  const copy = copyOf(record);
  const { payload, result, error } = copy;
  const has = (part: JobPart) => include.includes(part);
  return {
    ...copy,
    ...has("payload") ? { payload } : { payload: undefined, payloadBytes },
    ...has("result") ? { result } : { result: undefined, resultBytes },
    error: has("stack") ? error : error && summaryOf(error),
    ...attempts && {
      attemptRecords: has("stack") ? [...failures] : failures.map((one) => ({
        ...one,
        error: one.error && summaryOf(one.error),
      })),
    },
  };
}

/** About how many bytes of a record are read with these parts. */
export function bytesOf(
  { record, payloadBytes, resultBytes = 0, failures }: Entry,
  include: readonly JobPart[],
  attempts: boolean = false,
): number {
  const { error, dependsOn, baggage = "" } = record;
  const { message = "", stack = "" } = error ?? {};
  return summaryBytes + dependencyBytes * dependsOn.length + baggage.length +
    (include.includes("payload") ? payloadBytes : 0) +
    (include.includes("result") ? resultBytes : 0) +
    (include.includes("stack") ? message.length + stack.length : 0) +
    (attempts ? failures.reduce((sum, one) => sum + bytesOfAttempt(one, include), 0) : 0);
}

/** A copy of a record that has just been claimed. */
export function claimedCopyOf(
  { record, isSuspect }: Entry,
  leaseToken: string,
  waitMs: number,
  dependencyTraceparents: readonly string[],
): ClaimedJob {
  const { dependsOn, error } = record;
  // One copy: a copy of a copy would be twice as dear.
  return {
    ...record,
    dependsOn: [...dependsOn],
    error: error && { ...error },
    leaseToken,
    waitMs,
    isSuspect,
    dependencyTraceparents,
  };
}

/** The status of a job that no dependency holds up any more. */
export function statusByTime({ runAt }: JobRecord, now: number): "ready" | "scheduled" {
  return runAt <= now ? "ready" : "scheduled";
}
