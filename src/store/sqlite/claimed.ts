/**
 * Claimed jobs as they come from a file: the payload, and everything else as one JSON array, which is
 * read in less time than a row of columns.
 *
 * @module
 */
import type { DependencyFailurePolicy, JobError, Propagation } from "../../job/record.ts";
import type { ClaimedJob } from "../store.ts";
import type { Row } from "./database.ts";

/** What a claim returns of each job. */
export const claimedColumns: string = "payload, json_array(sequence, id, queue_name, priority, " +
  "attempts, releases, is_suspect, max_attempts, backoff, timeout_ms, idempotency_key, json(depends_on), " +
  "on_dependency_failure, trace_id, correlation_id, parent_id, traceparent, tracestate, baggage, " +
  "propagation, created_at, run_at, started_at, json(error), attempt_traceparent) as others";

/** What comes of it. */
type Others = [
  sequence: number,
  id: string,
  queueName: string,
  priority: number,
  attempts: number,
  releases: number,
  isSuspect: 0 | 1,
  maxAttempts: number,
  backoff: string | null,
  timeoutMs: number | null,
  idempotencyKey: string | null,
  dependsOn: readonly string[],
  onDependencyFailure: DependencyFailurePolicy,
  traceId: string,
  correlationId: string | null,
  parentId: string | null,
  traceparent: string | null,
  tracestate: string | null,
  baggage: string | null,
  propagation: Propagation | null,
  createdAt: number,
  runAt: number,
  startedAt: number,
  error: JobError | null,
  attemptTraceparent: string | null,
];

/** A claimed job. `contextsOf` looks up the contexts of the jobs that it depended on. */
export function toClaimed(
  { payload, others }: Row,
  leaseToken: string,
  contextsOf: (dependsOn: readonly string[]) => readonly string[],
): ClaimedJob {
  const [
    sequence,
    id,
    queueName,
    priority,
    attempts,
    releases,
    isSuspect,
    maxAttempts,
    backoff,
    timeoutMs,
    idempotencyKey,
    dependsOn,
    onDependencyFailure,
    traceId,
    correlationId,
    parentId,
    traceparent,
    tracestate,
    baggage,
    propagation,
    createdAt,
    runAt,
    startedAt,
    error,
    attemptTraceparent,
  ]: Others = JSON.parse(others as string);
  return {
    sequence,
    id,
    queueName,
    status: "running",
    payload: payload as string,
    priority,
    attempts,
    releases,
    maxAttempts,
    backoff: backoff ?? undefined,
    timeoutMs: timeoutMs ?? undefined,
    idempotencyKey: idempotencyKey ?? undefined,
    dependsOn,
    onDependencyFailure,
    traceId,
    correlationId: correlationId ?? undefined,
    parentId: parentId ?? undefined,
    traceparent: traceparent ?? undefined,
    tracestate: tracestate ?? undefined,
    baggage: baggage ?? undefined,
    propagation: propagation ?? undefined,
    createdAt,
    runAt,
    startedAt,
    finishedAt: undefined,
    result: undefined,
    error: error ?? undefined,
    attemptTraceparent: attemptTraceparent ?? undefined,
    leaseToken,
    waitMs: startedAt - runAt,
    isSuspect: isSuspect === 1,
    dependencyTraceparents: contextsOf(dependsOn),
  };
}
