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
import { createJobSpan, endJobSpan, type TracedJob } from "./job_span.ts";
import { writeTraceparent } from "./w3c.ts";

/** The span of a running attempt. */
export interface AttemptSpan {
  /** The span; one that records nothing where there is no tracing. */
  readonly span: Span;
  /** A context with nothing but the span in it. */
  readonly context: Context;
}

/** Starts the span of an attempt. */
export function startAttemptSpan(job: TracedJob): AttemptSpan {
  try {
    const span = createJobSpan(job);
    return { span, context: trace.setSpan(ROOT_CONTEXT, span) };
  } catch {
    return { span: trace.wrapSpanContext(INVALID_SPAN_CONTEXT), context: ROOT_CONTEXT };
  }
}

/** Ends the span of an attempt. Returns its `traceparent`, if it was recorded. */
export function endAttemptSpan(
  { span }: AttemptSpan,
  outcome: string,
  error: { name: string; message: string } | undefined,
): string | undefined {
  try {
    const traceparent = span.isRecording() ? writeTraceparent(span.spanContext()) : undefined;
    endJobSpan(span, outcome, error);
    return traceparent;
  } catch {
    return undefined;
  }
}
