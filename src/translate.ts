/**
 * Between the job that callers see and the record that a store keeps: payloads as JSON text, times
 * as numbers, defaults filled in.
 *
 * @module
 */
import type { Backoff } from "./backoff.ts";
import type { FailedAttempt, Job } from "./job.ts";
import { fromJson, toJson } from "./json.ts";
import type { NewJob } from "./new_job.ts";
import type { Attempt, JobInput, JobRecord } from "./record.ts";
import type { Creation, Sendable } from "./trace/producer.ts";

/** A checked job and what it inherits, as a store takes it. */
export function toInput(sendable: Sendable, creation: Creation, payload: string): JobInput {
  const { job, correlationId, parentId, baggage } = sendable;
  return {
    id: job.id,
    queueName: job.queueName,
    payload,
    priority: job.priority ?? 0,
    delayMs: job.delayMs,
    runAt: job.runAt?.getTime(),
    maxAttempts: job.maxAttempts ?? 3,
    backoff: job.backoff && JSON.stringify(job.backoff),
    timeoutMs: job.timeoutMs,
    idempotencyKey: job.idempotencyKey,
    dependsOn: [...new Set(job.dependsOn)],
    onDependencyFailure: job.onDependencyFailure ?? "cancel",
    traceId: creation.traceId,
    correlationId,
    parentId,
    traceparent: creation.traceparent,
    tracestate: creation.tracestate,
    baggage,
    propagation: job.propagation,
  };
}

/** A new job's payload as JSON text. */
export function payloadText(job: NewJob, maxBytes: number): string {
  return toJson(job.payload, "payload", maxBytes);
}

/** A stored record as callers see it. */
export function toJob<Name extends string, Payload>(record: JobRecord): Job<Name, Payload> {
  const { payload, result, backoff, createdAt, runAt, startedAt, finishedAt } = record;
  const what = `The stored job ${record.id}`;
  return {
    id: record.id,
    queueName: record.queueName as Name,
    payload: fromJson(payload, `${what}'s payload`) as Payload,
    status: record.status,
    attempts: record.attempts,
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
  };
}

/** A kept attempt as callers see it. */
export function toFailedAttempt({ startedAt, finishedAt, ...attempt }: Attempt): FailedAttempt {
  return { ...attempt, startedAt: new Date(startedAt), finishedAt: new Date(finishedAt) };
}
