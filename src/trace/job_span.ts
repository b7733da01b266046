/**
 * The span of an attempt, under the creation context that was stored with the job or linked to it.
 *
 * @module
 */
import {
  type Context,
  INVALID_SPAN_CONTEXT,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  trace,
} from "@opentelemetry/api";
import type { AttemptOutcome } from "../job/outcomes.ts";
import { checkOptionNames, type OptionNames } from "../job/option_names.ts";
import type { JobRecord } from "../job/record.ts";
import { tickSpanContext } from "./active_context.ts";
import { exceptionOf, jobAttributes, setFailure } from "./attributes.ts";
import { isDropped } from "./root_trace_id.ts";
import { withBaggage } from "./baggage.ts";
import { linksOf, originOf, type StoredTraceContext } from "./relation.ts";
import { defaultSpanRules, type SpanJob, type SpanRules } from "./rules.ts";
import { isSampled } from "./span_context.ts";
import { startSpan } from "./start_span.ts";
import { activeTracer } from "./tracer.ts";

/** What a job span needs of a job: a claimed job has it all. */
export type TracedJob =
  & SpanJob
  & StoredTraceContext
  & Pick<JobRecord, "attempts" | "maxAttempts">
  & { readonly waitMs?: number | undefined };

/**
 * Starts the span of one attempt, for a worker of your own; workers of hammerwork start it themselves.
 *
 * With the propagation `auto`, the span is a child of the span that enqueued the job if it starts within
 * `rules.childWithinMs` of the enqueue, else the root of a new trace. If the job was enqueued without
 * tracing, the span is the root of the job's trace. It links to the span that enqueued the job, to the
 * attempt before and to the jobs depended on. Without a registered tracer provider it records nothing.
 * The caller has to end it.
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
export function createJobSpan(
  job: TracedJob,
  operation: string = "process",
  rules: SpanRules = defaultSpanRules,
): Span {
  checkOptionNames("A job span", rules, ruleNames);
  return startJobSpan(job, operation, rules, withBaggage(ROOT_CONTEXT, job.baggage));
}

const ruleNames: OptionNames<SpanRules> = {
  propagation: true,
  childWithinMs: true,
  spanAttributes: true,
  clientId: true,
};

/** As {@linkcode createJobSpan}, in a context that holds the job's baggage. */
export function startJobSpan(
  job: TracedJob,
  operation: string,
  rules: SpanRules,
  within: Context,
): Span {
  const origin = originOf(job, rules);
  const parent = origin.parent?.spanContext;
  const tracer = activeTracer();
  if (tracer === undefined) return trace.wrapSpanContext(parent ?? INVALID_SPAN_CONTEXT);
  // An unsampled parent is passed on as it is, as without a tracer.
  if (parent && !isSampled(parent) && isDropped(parent.traceId, parent)) {
    return trace.wrapSpanContext(parent);
  }
  return startSpan(tracer, origin, within, () => ({
    name: `${operation} ${job.queueName}`,
    kind: SpanKind.CONSUMER,
    links: linksOf(job, rules, tickSpanContext()),
    attributes: jobAttributes("process", job, rules, {
      "messaging.operation.name": operation,
      "hammerwork.job.attempt": job.attempts,
      "hammerwork.job.max_attempts": job.maxAttempts,
      ...(job.waitMs !== undefined && { "hammerwork.job.wait_ms": job.waitMs }),
    }),
  }));
}

/** How an attempt ended. */
export interface SpanEnd {
  /** The outcome. */
  readonly outcome: AttemptOutcome;
  /** The error, if there is one. */
  readonly error?: { readonly name: string; readonly message: string } | undefined;
}

/** Ends the span of an attempt with its outcome. */
export function endJobSpan(
  span: Span,
  { outcome, error }: SpanEnd,
  job: SpanJob,
  rules: SpanRules = defaultSpanRules,
): void {
  try {
    if (!span.isRecording()) return;
    span.setAttribute("hammerwork.job.outcome", outcome);
    if (error === undefined) return;
    const exception = exceptionOf(error, job, rules.spanAttributes);
    setFailure(span, exception.name, exception.message);
    span.recordException(exception);
  } finally {
    span.end();
  }
}
