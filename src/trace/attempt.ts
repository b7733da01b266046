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
  type SpanContext,
  trace,
} from "@opentelemetry/api";
import type { AttemptOutcome } from "../job/outcomes.ts";
import type { JobError } from "../job/record.ts";
import type { ClaimedJob } from "../store/store.ts";
import { hasContextManager } from "./api_copy.ts";
import { withBaggage } from "./baggage.ts";
import { endJobSpan, startJobSpan, type TracedJob } from "./job_span.ts";
import type { SpanRules } from "./rules.ts";
import { validSpanContext } from "./span_context.ts";
import { formatTraceparent } from "../job/traceparent.ts";

/** The span of a running attempt. */
export interface AttemptSpan {
  /** The span; one that records nothing where there is no tracing. */
  readonly span: Span;
  /** A context with nothing but the span and the job's baggage in it; none where nobody keeps one. */
  readonly context: Context | undefined;
  /** The trace that the attempt runs in. */
  readonly traceId: string;
  /** Ends the span. Returns its `traceparent`, if the attempt is to be found by it. */
  end(outcome: AttemptOutcome, error: JobError | undefined): string | undefined;
}

/** Starts the span of an attempt. `payload` is asked only if the rules want to see it. */
export function startAttemptSpan(
  record: ClaimedJob,
  rules: SpanRules,
  payload: () => unknown,
): AttemptSpan {
  const job = rules.spanAttributes ? withPayload(record, payload) : record;
  const within = contextOfJob(record.baggage);
  return new StartedAttempt(startedSpan(job, rules, within), within, job, record, rules);
}

class StartedAttempt implements AttemptSpan {
  readonly span: Span;
  readonly context: Context | undefined;
  readonly traceId: string;
  readonly #spanContext: SpanContext | undefined;
  readonly #job: TracedJob;
  readonly #isElsewhere: boolean;
  readonly #rules: SpanRules;

  constructor(
    span: Span,
    within: Context,
    job: TracedJob,
    record: ClaimedJob,
    rules: SpanRules,
  ) {
    this.span = span;
    this.context = hasContextManager() ? trace.setSpan(within, span) : undefined;
    this.#spanContext = validSpanContext(span);
    this.traceId = this.#spanContext?.traceId ?? record.traceId;
    this.#isElsewhere = this.traceId !== record.traceId;
    this.#job = job;
    this.#rules = rules;
  }

  end(outcome: AttemptOutcome, error: JobError | undefined): string | undefined {
    const traceparent = this.#traceparent();
    try {
      endJobSpan(this.span, { outcome, error }, this.#job, this.#rules);
    } catch {
      // Whatever could be said of it is said, and it has ended.
    }
    return traceparent;
  }

  /** A span that was sampled out is worth finding only where it left the job's own trace. */
  #traceparent(): string | undefined {
    try {
      const isKept = this.#isElsewhere || this.span.isRecording();
      return isKept && this.#spanContext ? formatTraceparent(this.#spanContext) : undefined;
    } catch {
      return undefined;
    }
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

function startedSpan(job: TracedJob, rules: SpanRules, within: Context): Span {
  try {
    return startJobSpan(job, "process", rules, within);
  } catch {
    return trace.wrapSpanContext(INVALID_SPAN_CONTEXT);
  }
}

function contextOfJob(baggage: string | undefined): Context {
  try {
    return withBaggage(ROOT_CONTEXT, baggage);
  } catch {
    return ROOT_CONTEXT;
  }
}
