/**
 * From the record of a store to the job that callers read: JSON is parsed, times become dates.
 *
 * @module
 */
import type { Backoff } from "./backoff.ts";
import type { Attempt, Job, JobSummary, JobWith } from "./job.ts";
import { fromJson } from "./json.ts";
import type { AttemptRecord, FoundRecord, JobPart, JobRecord } from "./record.ts";

/** A record as a job. */
export function toJob<Name extends string, Payload>(record: JobRecord): Job<Name, Payload> {
  const { payload, result, backoff, createdAt, runAt, startedAt, finishedAt, operation } = record;
  const what = `The stored job ${record.id}`;
  return {
    id: record.id,
    queueName: record.queueName as Name,
    payload: fromJson(payload, `${what}'s payload`) as Payload,
    status: record.status,
    attempts: record.attempts,
    releases: record.releases,
    snoozes: record.snoozes,
    maxAttempts: record.maxAttempts,
    priority: record.priority,
    traceId: record.traceId,
    correlationId: record.correlationId,
    parentId: record.parentId,
    traceparent: record.traceparent,
    tracestate: record.tracestate,
    baggage: record.baggage,
    propagation: record.propagation,
    attemptTraceparent: record.attemptTraceparent,
    dependsOn: record.dependsOn,
    onDependencyFailure: record.onDependencyFailure,
    idempotencyKey: record.idempotencyKey,
    backoff: backoff === undefined ? undefined : fromJson(backoff, `${what}'s backoff`) as Backoff,
    timeoutMs: record.timeoutMs,
    createdAt: new Date(createdAt),
    runAt: new Date(runAt),
    startedAt: startedAt === undefined ? undefined : new Date(startedAt),
    finishedAt: finishedAt === undefined ? undefined : new Date(finishedAt),
    result: result === undefined ? undefined : fromJson(result, `${what}'s result`),
    error: record.error,
    operation: operation && { ...operation, at: new Date(operation.at) },
    workerName: record.workerName,
  };
}

/** A record as a job, with the sizes of the parts that were not requested. */
export function toFoundJob(record: FoundRecord): JobWith<Job, JobPart> {
  const { payload, payloadBytes, resultBytes } = record;
  if (payload !== undefined && resultBytes === undefined) return toJob(record as JobRecord);
  const { payload: read, result, ...others } = toJob({ ...record, payload: payload ?? "null" });
  return {
    ...others,
    ...payload === undefined ? { payloadBytes } : { payload: read },
    ...resultBytes === undefined ? { result } : { resultBytes },
  } as JobWith<Job, JobPart>;
}

/**
 * All attempts of a job, oldest first. The store has a record of each that did not complete the
 * job; a running or a completed one is added from the job.
 */
export function toAttemptHistory(
  { status, attempts, startedAt, finishedAt, attemptTraceparent, workerName }: JobSummary,
  records: readonly AttemptRecord[],
): readonly Attempt[] {
  const history = records.map(toAttempt);
  if ((status !== "completed" && status !== "running") || startedAt === undefined) return history;
  return [...history, {
    attempt: attempts,
    outcome: status,
    startedAt,
    finishedAt,
    error: undefined,
    traceparent: status === "completed" ? attemptTraceparent : undefined,
    workerName,
  }];
}

function toAttempt(record: AttemptRecord): Attempt {
  const { attempt, outcome, startedAt, finishedAt, error, traceparent, workerName } = record;
  return {
    attempt,
    outcome,
    startedAt: new Date(startedAt),
    finishedAt: new Date(finishedAt),
    error,
    traceparent,
    workerName,
  };
}
