/**
 * An attempt's span, shielded: whatever a tracer throws stays here and never reaches the job.
 *
 * @module
 */
import {
  type Context,
  INVALID_SPAN_CONTEXT,
  ROOT_CONTEXT,
  type Span,
  trace,
} from "@opentelemetry/api";
import type { JobError } from "../job/record.ts";
import type { ClaimedJob } from "../store/store.ts";
import { withBaggage } from "./baggage.ts";
import { createJobSpan, endJobSpan, type TracedJob } from "./job_span.ts";
import type { SpanRules } from "./rules.ts";
import { contextOf } from "./tracer.ts";
import { writeTraceparent } from "./w3c.ts";

/** The span of a running attempt. */
export interface AttemptSpan {
  /** The span; one that records nothing where there is no tracing. */
  readonly span: Span;
  /** A context with nothing but the span and the job's baggage in it. */
  readonly context: Context;
  /** The trace that the attempt runs in. */
  readonly traceId: string;
  /** Ends the span. Returns its `traceparent`, if the attempt is to be found by it. */
  end(outcome: string, error: JobError | undefined): string | undefined;
}

/** Starts the span of an attempt. `payload` is asked only if the rules want to see it. */
export function startAttemptSpan(
  record: ClaimedJob,
  rules: SpanRules,
  payload: () => unknown,
): AttemptSpan {
  const job = rules.spanAttributes ? withPayload(record, payload) : record;
  const span = startedSpan(job, rules);
  const traceId = contextOf(span)?.traceId ?? record.traceId;
  return {
    span,
    context: contextOfAttempt(span, record.baggage),
    traceId,
    end: (outcome, error) => {
      const traceparent = traceparentOf(span, traceId !== record.traceId);
      try {
        endJobSpan(span, { outcome, error }, job, rules);
      } catch {
        // Whatever could be said of it is said, and it has ended.
      }
      return traceparent;
    },
  };
}

/** A span that was sampled out is worth finding only where it left the job's own trace. */
function traceparentOf(span: Span, isElsewhere: boolean): string | undefined {
  try {
    const spanContext = contextOf(span);
    const isKept = isElsewhere || span.isRecording();
    return isKept && spanContext ? writeTraceparent(spanContext) : undefined;
  } catch {
    return undefined;
  }
}

function withPayload(record: ClaimedJob, payload: () => unknown): TracedJob {
  try {
    return { ...record, payload: payload() };
  } catch {
    // The handler's own reading of it says so.
    return { ...record, payload: undefined };
  }
}

function startedSpan(job: TracedJob, rules: SpanRules): Span {
  try {
    return createJobSpan(job, "process", rules);
  } catch {
    return trace.wrapSpanContext(INVALID_SPAN_CONTEXT);
  }
}

function contextOfAttempt(span: Span, baggage: string | undefined): Context {
  try {
    return withBaggage(trace.setSpan(ROOT_CONTEXT, span), baggage);
  } catch {
    return ROOT_CONTEXT;
  }
}
