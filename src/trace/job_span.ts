/**
 * The running side of a trace: one `process` span for each attempt, under the creation context that
 * was stored with the job, or linked to it. What a tracer throws never reaches the job.
 *
 * @module
 */
import {
  type Context,
  INVALID_SPAN_CONTEXT,
  ROOT_CONTEXT,
  type Span,
  type SpanContext,
  SpanKind,
  trace,
} from "@opentelemetry/api";
import type { AttemptOutcome } from "../job/outcomes.ts";
import { checkOptionNames, type OptionNames } from "../job/checks.ts";
import type { JobError, JobRecord } from "../job/record.ts";
import { formatTraceparent } from "../job/traceparent.ts";
import type { ClaimedJob } from "../store/store.ts";
import { tickSpanContext } from "./active_context.ts";
import { exceptionOf, jobAttributes, setFailure } from "./attributes.ts";
import { isDropped, isOwnProviderRegistered } from "./root_trace_id.ts";
import { withBaggage } from "./baggage.ts";
import { creationOf, linksOf, originOf, type StoredTraceContext } from "./relation.ts";
import {
  defaultSpanRules,
  readSpanRules,
  type SpanJob,
  type SpanRuleOptions,
  type SpanRules,
} from "./rules.ts";
import { isSampled, validSpanContext } from "./span_context.ts";
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
  options: SpanRuleOptions = {},
): Span {
  checkOptionNames("A job span", options, optionNames);
  const rules = readSpanRules(options, defaultSpanRules);
  return startJobSpan(job, operation, rules, withBaggage(ROOT_CONTEXT, job.baggage));
}

const optionNames: OptionNames<SpanRuleOptions> = {
  propagation: true,
  childWithinMs: true,
  spanAttributes: true,
};

/** As {@linkcode createJobSpan}, in a context that holds the job's baggage. */
function startJobSpan(
  job: TracedJob,
  operation: string,
  rules: SpanRules,
  within: Context,
): Span {
  const creation = creationOf(job, rules);
  const origin = originOf(job, rules, creation);
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
    links: linksOf(job, rules, creation, tickSpanContext()),
    attributes: jobAttributes("process", job, rules, {
      "messaging.operation.name": operation,
      "hammerwork.job.attempt": job.attempts,
      "hammerwork.job.max_attempts": job.maxAttempts,
      ...(job.waitMs !== undefined && { "hammerwork.job.wait_ms": job.waitMs }),
      ...(rules.workerName !== undefined && { "hammerwork.worker.name": rules.workerName() }),
    }),
  }));
}

/** The span of a running attempt. */
export interface AttemptSpan {
  /** The span; one that records nothing where there is no tracing. */
  readonly span: Span;
  /** A context with the span and the job's baggage alone. */
  readonly context: Context;
  /** The trace that the attempt runs in. */
  readonly traceId: string;
  /** Ends the span. Returns its `traceparent`, if the attempt is to be found by it. */
  end(outcome: AttemptOutcome, error: JobError | undefined): string | undefined;
}

/** Starts the span of an attempt. `payload` is called only if the rules want to see it. */
export function startAttemptSpan(
  record: ClaimedJob,
  rules: SpanRules,
  payload: () => unknown,
): AttemptSpan {
  if (record.traceparent === undefined && activeTracer() === undefined) {
    return new UntracedAttempt(record);
  }
  const job = rules.spanAttributes ? withPayload(record, payload) : record;
  const within = contextOfJob(record.baggage);
  return new StartedSpan(startedSpan(job, rules, within), within, job, record, rules);
}

const noSpan: Span = trace.wrapSpanContext(INVALID_SPAN_CONTEXT);

/** Neither its enqueue nor its attempt is traced. */
class UntracedAttempt implements AttemptSpan {
  readonly span: Span = noSpan;
  readonly traceId: string;
  readonly #baggage: string | undefined;

  constructor({ traceId, baggage }: ClaimedJob) {
    this.traceId = traceId;
    this.#baggage = baggage;
  }

  get context(): Context {
    return trace.setSpan(contextOfJob(this.#baggage), noSpan);
  }

  end(): undefined {}
}

class StartedSpan implements AttemptSpan {
  readonly span: Span;
  readonly traceId: string;
  readonly #spanContext: SpanContext | undefined;
  readonly #within: Context;
  readonly #job: TracedJob;
  readonly #isElsewhere: boolean;
  readonly #rules: SpanRules;
  #context: Context | undefined;

  constructor(
    span: Span,
    within: Context,
    job: TracedJob,
    record: ClaimedJob,
    rules: SpanRules,
  ) {
    this.span = span;
    this.#within = within;
    this.#spanContext = contextOf(span);
    this.traceId = this.#spanContext?.traceId ?? record.traceId;
    this.#isElsewhere = this.traceId !== record.traceId;
    this.#job = job;
    this.#rules = rules;
  }

  get context(): Context {
    return this.#context ??= trace.setSpan(this.#within, this.span);
  }

  end(outcome: AttemptOutcome, error: JobError | undefined): string | undefined {
    const traceparent = this.#traceparent();
    try {
      endJobSpan(this.span, outcome, error, this.#job, this.#rules);
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
    return noSpan;
  }
}

function contextOfJob(baggage: string | undefined): Context {
  if (baggage === undefined) return ROOT_CONTEXT;
  try {
    return withBaggage(ROOT_CONTEXT, baggage);
  } catch {
    return ROOT_CONTEXT;
  }
}

/** A span's context, if it is valid. What hammerwork's own provider makes is, unless it makes none. */
function contextOf(span: Span): SpanContext | undefined {
  if (!isOwnProviderRegistered()) return validSpanContext(span);
  const spanContext = span.spanContext();
  return spanContext.traceId === INVALID_SPAN_CONTEXT.traceId ? undefined : spanContext;
}

/** Ends the span of an attempt with its outcome. */
function endJobSpan(
  span: Span,
  outcome: AttemptOutcome,
  error: JobError | undefined,
  job: SpanJob,
  rules: SpanRules,
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
