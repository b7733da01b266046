/**
 * From the job that a caller makes to what a store takes: payloads as JSON text, times as numbers,
 * defaults filled in.
 *
 * @module
 */
import { toJson } from "../job/json.ts";
import type { NewJob } from "../job/new_job.ts";
import type { JobInput } from "../job/record.ts";
import type { CreationContext, OutgoingJob } from "../trace/enqueue_spans.ts";

/** A checked job and what it inherits, as a store takes it. */
export function toInput(
  outgoing: OutgoingJob,
  creation: CreationContext,
  payload: string,
): JobInput {
  const { job, correlationId, parentId, baggage } = outgoing;
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
    // A job that was given its trace never leaves it.
    propagation: job.traceId === undefined ? job.propagation : "child",
  };
}

/** A new job's payload as JSON text. */
export function payloadText(job: NewJob, maxBytes: number): string {
  return toJson(job.payload, "payload", maxBytes);
}
