/**
 * The running side of a trace: one `process` span for each attempt, under the creation context that
 * was stored with the job.
 *
 * @module
 */
import {
  INVALID_SPAN_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
} from "@opentelemetry/api";
import type { JobRecord } from "../record.ts";
import { messageAttributes, operationAttributes } from "./attributes.ts";
import { followsParents } from "./chosen_root.ts";
import { activeTracer, startSpan } from "./tracer.ts";
import { isSampled, readTraceparent } from "./w3c.ts";

/** What a job span is made from: a claimed job, or as much of one as is at hand. */
export type TracedJob =
  & Pick<JobRecord, "id" | "queueName" | "traceId" | "attempts" | "maxAttempts">
  & Partial<Pick<JobRecord, "traceparent" | "tracestate" | "correlationId" | "parentId">>
  & { readonly waitMs?: number | undefined };

/**
 * Starts the span of one attempt, a child of the job's creation context; where the job was enqueued
 * without tracing, the root of the job's trace. Without a registered provider the span records
 * nothing. Whoever starts it ends it.
 *
 * ```ts
 * import { createJobSpan, job } from "hammerwork";
 * import assert from "node:assert/strict";
 *
 * const email = job("email_queue", {}, { traceId: "550e8400-e29b-41d4-a716-446655440000" });
 * const span = createJobSpan({ ...email, traceId: email.traceId!, attempts: 1, maxAttempts: 3 });
 * assert.equal(span.isRecording(), false); // nothing is set up here that would record it
 * span.end();
 * ```
 */
export function createJobSpan(job: TracedJob, operation: string = "process"): Span {
  const parent = readTraceparent(job.traceparent, job.tracestate);
  const tracer = activeTracer();
  if (tracer === undefined) return trace.wrapSpanContext(parent ?? INVALID_SPAN_CONTEXT);
  // Where our own provider follows the parent's decision, an unsampled span need not be built.
  if (parent && followsParents() && !isSampled(parent)) return trace.wrapSpanContext(parent);
  const origin = parent ? { parent } : { traceId: job.traceId };
  return startSpan(tracer, `${operation} ${job.queueName}`, {
    kind: SpanKind.CONSUMER,
    attributes: {
      ...operationAttributes("process", job.queueName),
      ...messageAttributes({
        id: job.id,
        correlationId: job.correlationId,
        parentId: job.parentId,
      }),
      "hammerwork.job.attempt": job.attempts,
      "hammerwork.job.max_attempts": job.maxAttempts,
      ...(job.waitMs !== undefined && { "hammerwork.job.wait_ms": job.waitMs }),
    },
  }, origin);
}

/** Ends the span of an attempt with its outcome. */
export function endJobSpan(
  span: Span,
  outcome: string,
  error?: { name: string; message: string },
): void {
  if (span.isRecording()) {
    span.setAttribute("hammerwork.job.outcome", outcome);
    if (error !== undefined) {
      span.setAttribute("error.type", error.name);
      span.recordException(error);
      span.setStatus({ code: SpanStatusCode.ERROR, message: error.message });
    }
  }
  span.end();
}
