/**
 * The spans of one enqueue, by OpenTelemetry's semantic conventions for messaging: one job is one
 * `send` span; several are a `create` span each and one `send` span that links to them. The context of
 * a job's span is stored with the job, before any worker can see it.
 *
 * @module
 */
import {
  type Context,
  type Span,
  type SpanContext,
  SpanKind,
  type Tracer,
} from "@opentelemetry/api";
import { newTraceId } from "../job/ids.ts";
import type { NewJob } from "../job/new_job.ts";
import type { JobError } from "../job/record.ts";
import { toJobError } from "../job/thrown.ts";
import { formatTraceparent } from "../job/traceparent.ts";
import type { AddedJob } from "../store/store.ts";
import { activeContext, isTracingSuppressed } from "./active_context.ts";
import { exceptionOf, jobAttributes, setFailure } from "./attributes.ts";
import { withBaggage } from "./baggage.ts";
import { BatchSpan } from "./batch_span.ts";
import { linkTo } from "./relation.ts";
import type { SpanJob, SpanRules } from "./rules.ts";
import { readTraceparent, validSpanContext } from "./span_context.ts";
import { asParent, type Origin, type Parent, startSpan } from "./start_span.ts";
import { activeTracer, ignoreErrors } from "./tracer.ts";

/** A job to be added, with everything about its trace but its creation context. */
export interface OutgoingJob {
  /** The job. */
  readonly job: NewJob;
  /** The jobs that share an origin object share a trace. */
  readonly origin: Origin;
  /** The business process it will be stored with. */
  readonly correlationId: string | undefined;
  /** The parent it will be stored with. */
  readonly parentId: string | undefined;
  /** The baggage it will be stored with. */
  readonly baggage: string | undefined;
}

/** The creation context of a job, as it is stored with the job. */
export interface CreationContext {
  /** 32 lower-case hex digits. */
  readonly traceId: string;
  /** Absent where nothing has decided whether the trace is sampled. */
  readonly traceparent?: string | undefined;
  /** The `tracestate` beside it. */
  readonly tracestate?: string | undefined;
}

/** Who sends the jobs of one `enqueue`. */
export interface EnqueueSender {
  /** The caller's active span. */
  readonly span: Parent | undefined;
  /** The rules of the queue's spans. */
  readonly rules: SpanRules;
}

/** The spans of one enqueue. */
export interface EnqueueTrace {
  /** One for each job, in order. */
  readonly creations: readonly CreationContext[];
  /** Ends the spans of jobs that are stored: what was added, in order. */
  end(added: readonly AddedJob[]): void;
  /** Ends the spans of jobs that are not. */
  fail(error: unknown): void;
}

/** Starts the spans of one enqueue; without tracing it only decides the ids. */
export function startEnqueueTrace(
  jobs: readonly OutgoingJob[],
  sender: EnqueueSender,
): EnqueueTrace {
  const tracer = activeTracer();
  if (tracer === undefined) return withoutSpans(jobs);
  const within = activeContext();
  if (isTracingSuppressed(within)) return withoutSpans(jobs);
  const spans = new EnqueueSpans(sender);
  try {
    if (jobs.length === 1) spans.startOne(tracer, jobs[0]!, within);
    else spans.startMany(tracer, jobs, within);
    const creations = spans.creations();
    // A provider that makes empty spans has no trace for the jobs.
    if (creations !== undefined) {
      return {
        creations,
        end: (added) => spans.end(added),
        fail: (error) => spans.fail(error),
      };
    }
  } catch {
    // A tracer that throws must not keep a job from being enqueued.
  }
  spans.abandon();
  return withoutSpans(jobs);
}

function withoutSpans(jobs: readonly OutgoingJob[]): EnqueueTrace {
  const newTraces = new Map<Origin, string>();
  const creations = jobs.map(({ origin }): CreationContext => {
    // The caller's context is passed on as it is, with its sampling decision.
    if (origin.parent !== undefined) return toCreationContext(origin.parent.spanContext);
    if (origin.traceId !== undefined) return { traceId: origin.traceId };
    const traceId = newTraces.get(origin) ?? newTraceId();
    newTraces.set(origin, traceId);
    return { traceId };
  });
  return { creations, end: () => {}, fail: () => {} };
}

/** A span, and the job that it creates. */
interface JobSend {
  readonly span: Span;
  readonly outgoing: OutgoingJob;
}

class EnqueueSpans {
  readonly #sender: EnqueueSender;
  readonly #sends: JobSend[] = [];
  #batch: BatchSpan | undefined;

  constructor(sender: EnqueueSender) {
    this.#sender = sender;
  }

  /** One job is one `send` span. */
  startOne(tracer: Tracer, outgoing: OutgoingJob, within: Context): void {
    this.#start(tracer, "send", outgoing, outgoing.origin, within);
  }

  /** Several jobs are a `create` span each and one `send` span. */
  startMany(tracer: Tracer, jobs: readonly OutgoingJob[], within: Context): void {
    const origins = new Set(jobs.map(({ origin }) => origin));
    const shared = origins.size === 1 ? jobs[0]!.origin : undefined;
    const above = shared ?? { parent: this.#sender.span };
    const queueNames = jobs.map(({ job }) => job.queueName);
    const { rules } = this.#sender;
    const batch = this.#batch = new BatchSpan(tracer, queueNames, rules, above, within);
    // Each trace gets one root: the send span where all jobs share a trace, else its first job's.
    const roots = new Map<Origin, Origin>();
    if (shared !== undefined) roots.set(shared, { parent: batch.asParent });
    for (const outgoing of jobs) {
      const origin = roots.get(outgoing.origin) ?? outgoing.origin;
      const span = this.#start(tracer, "create", outgoing, origin, within);
      if (origin.parent === undefined) roots.set(outgoing.origin, { parent: asParent(span) });
    }
  }

  /** What is stored of each job's trace; `undefined` if a span has no valid context. */
  creations(): readonly CreationContext[] | undefined {
    const creations = this.#sends.map(({ span, outgoing }) =>
      creationContextOf(span, outgoing.origin)
    );
    return creations.every((creation) => creation !== undefined) ? creations : undefined;
  }

  /** Ends the spans of jobs that are stored. */
  end(added: readonly AddedJob[]): void {
    this.#sends.forEach(({ span, outgoing }, i) => {
      const { job, deduplicated } = added[i]!;
      const isCancelled = job.status === "cancelled";
      if (!deduplicated && !isCancelled && job.parentId === outgoing.parentId) return;
      ignoreErrors(() => this.#describeStored(span, outgoing, added[i]!));
    });
    this.#end(added.map(({ job }) => job.id));
  }

  /** Ends the spans of jobs that are not stored. */
  fail(error: unknown): void {
    const jobError = toJobError(error);
    for (const { span, outgoing } of this.#sends) {
      ignoreErrors(() => markFailed(span, jobError, outgoing, this.#sender));
    }
    // A database's message may quote a payload, and of several jobs it is unknown whose.
    const { spanAttributes } = this.#sender.rules;
    this.#batch?.fail(spanAttributes === undefined ? jobError : { ...jobError, message: "" });
    this.#end(this.#sends.map(({ outgoing }) => outgoing.job.id));
  }

  /** Ends the spans where tracing failed. */
  abandon(): void {
    for (const { span } of this.#sends) ignoreErrors(() => span.end());
    this.#batch?.end(undefined);
  }

  #start(
    tracer: Tracer,
    operation: "send" | "create",
    outgoing: OutgoingJob,
    origin: Origin,
    within: Context,
  ): Span {
    const span = startSpan(tracer, origin, withBaggage(within, outgoing.baggage), () => ({
      name: `${operation} ${outgoing.job.queueName}`,
      kind: SpanKind.PRODUCER,
      attributes: jobAttributes(operation, spanJobOf(outgoing), this.#sender.rules),
    }));
    this.#sends.push({ span, outgoing });
    return span;
  }

  /**
   * Adds what was unknown when the span was started: a deduplicated job, or its deduplicated parent,
   * has another id, and a job can be cancelled as it is stored.
   */
  #describeStored(
    span: Span,
    outgoing: OutgoingJob,
    { job: { id, parentId, traceparent, tracestate, status, error }, deduplicated }: AddedJob,
  ): void {
    if (!span.isRecording()) return;
    const operation = this.#batch === undefined ? "send" : "create";
    const job = { ...spanJobOf(outgoing), id, parentId };
    const more = {
      ...(deduplicated && { "hammerwork.job.deduplicated": true }),
      ...(!deduplicated && status === "cancelled" && {
        "hammerwork.job.outcome": status,
        "hammerwork.job.cancellation_reason": error?.message ?? "",
      }),
    };
    span.setAttributes(jobAttributes(operation, job, this.#sender.rules, more));
    const first = deduplicated ? readTraceparent(traceparent, tracestate) : undefined;
    if (first !== undefined) span.addLink(linkTo(first, "creation"));
  }

  #end(messageIds: readonly string[]): void {
    const endTime = this.#batch?.endTime();
    this.#batch?.link(this.#sends.map(({ span }) => span), messageIds);
    for (const { span } of this.#sends) ignoreErrors(() => span.end(endTime));
    this.#batch?.end(endTime);
  }
}

function spanJobOf(
  { job: { id, queueName, payload }, correlationId, parentId }: OutgoingJob,
): SpanJob {
  return { id, queueName, payload, correlationId, parentId };
}

/** The span's context; only the trace id where the provider did not use the trace it was given. */
function creationContextOf(span: Span, { traceId }: Origin): CreationContext | undefined {
  const spanContext = validSpanContext(span);
  if (spanContext === undefined) return undefined;
  return traceId === undefined || traceId === spanContext.traceId
    ? toCreationContext(spanContext)
    : { traceId };
}

function toCreationContext(spanContext: SpanContext): CreationContext {
  return {
    traceId: spanContext.traceId,
    traceparent: formatTraceparent(spanContext),
    tracestate: spanContext.traceState?.serialize() || undefined,
  };
}

function markFailed(
  span: Span,
  error: JobError,
  outgoing: OutgoingJob,
  { rules }: EnqueueSender,
): void {
  const { name, message } = exceptionOf(error, spanJobOf(outgoing), rules.spanAttributes);
  setFailure(span, name, message);
}
