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
  "attempts, max_attempts, backoff, timeout_ms, idempotency_key, json(depends_on), " +
  "on_dependency_failure, trace_id, correlation_id, parent_id, traceparent, tracestate, baggage, " +
  "propagation, created_at, run_at, started_at, json(error), attempt_traceparent) as others";

/** What comes of it. */
type Others = [
  sequence: number,
  id: string,
  queueName: string,
  priority: number,
  attempts: number,
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
  const of: Others = JSON.parse(others as string);
  return {
    sequence: of[0],
    id: of[1],
    queueName: of[2],
    status: "running",
    payload: payload as string,
    priority: of[3],
    attempts: of[4],
    maxAttempts: of[5],
    backoff: of[6] ?? undefined,
    timeoutMs: of[7] ?? undefined,
    idempotencyKey: of[8] ?? undefined,
    dependsOn: of[9],
    onDependencyFailure: of[10],
    traceId: of[11],
    correlationId: of[12] ?? undefined,
    parentId: of[13] ?? undefined,
    traceparent: of[14] ?? undefined,
    tracestate: of[15] ?? undefined,
    baggage: of[16] ?? undefined,
    propagation: of[17] ?? undefined,
    createdAt: of[18],
    runAt: of[19],
    startedAt: of[20],
    finishedAt: undefined,
    result: undefined,
    error: of[21] ?? undefined,
    attemptTraceparent: of[22] ?? undefined,
    leaseToken,
    waitMs: of[20] - of[19],
    dependencyTraceparents: contextsOf(of[9]),
  };
}
