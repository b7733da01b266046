/**
 * The spans of one enqueue, by the messaging conventions of OpenTelemetry: one job is one `send` span;
 * several are a `create` span each and one `send` span that links to them.
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
import { toJobError } from "../job/thrown.ts";
import type { NewJob } from "../job/new_job.ts";
import type { JobError } from "../job/record.ts";
import type { Added } from "../store/store.ts";
import { exceptionOf, jobAttributes } from "./attributes.ts";
import { withBaggage } from "./baggage.ts";
import { BatchSpan } from "./batch_span.ts";
import { linkTo } from "./relation.ts";
import type { SpanJob, SpanRules } from "./rules.ts";
import { setFailure, shielded } from "./span_end.ts";
import { asParent, type Origin, type Parent, startSpan, validSpanContext } from "./tracer.ts";
import { readTraceparent } from "./w3c.ts";
import { formatTraceparent } from "../job/traceparent.ts";

/** A job with everything decided about its trace but its creation context. */
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

/** What is stored of a job's trace. */
export interface CreationContext {
  /** 32 lower-case hex digits. */
  readonly traceId: string;
  /** Absent when no tracing took a sampling decision. */
  readonly traceparent?: string | undefined;
  /** Vendors' part. */
  readonly tracestate?: string | undefined;
}

/** What is known of a call of `enqueue` beside its jobs. */
export interface EnqueueContext {
  /** The caller's active span. */
  readonly span: Parent | undefined;
  /** How spans are made. */
  readonly rules: SpanRules;
}

/** A span that was started, and the job that it creates. */
interface Started {
  readonly span: Span;
  readonly outgoing: OutgoingJob;
}

/** One span of each job, and of several jobs the one above. */
export class EnqueueSpans {
  readonly #sender: EnqueueContext;
  readonly #started: Started[] = [];
  #batch: BatchSpan | undefined;

  constructor(sender: EnqueueContext) {
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
    const creations = this.#started.map(({ span, outgoing }) =>
      creationContextOf(span, outgoing.origin)
    );
    return creations.every((creation) => creation !== undefined) ? creations : undefined;
  }

  /** Ends the spans of jobs that are stored. */
  end(added: readonly Added[]): void {
    this.#started.forEach(({ span, outgoing }, i) => {
      const { job, deduplicated } = added[i]!;
      const isCancelled = job.status === "cancelled";
      if (!deduplicated && !isCancelled && job.parentId === outgoing.parentId) return;
      shielded(() => this.#sayStored(span, outgoing, added[i]!));
    });
    this.#end(added.map(({ job }) => job.id));
  }

  /** Ends the spans of jobs that are not stored. */
  fail(error: unknown): void {
    const kept = toJobError(error);
    for (const { span, outgoing } of this.#started) {
      shielded(() => markFailed(span, kept, outgoing, this.#sender));
    }
    // A database's message may quote what it refused; of several jobs nobody can say whose it is.
    const { spanAttributes } = this.#sender.rules;
    this.#batch?.fail(spanAttributes === undefined ? kept : { ...kept, message: "" });
    this.#end(this.#started.map(({ outgoing }) => outgoing.job.id));
  }

  /** Ends what was started in vain. */
  abandon(): void {
    for (const { span } of this.#started) shielded(() => span.end());
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
    this.#started.push({ span, outgoing });
    return span;
  }

  /**
   * What was not known when the span was started: a deduplicated job, or its deduplicated parent, has
   * another id, and a job can be cancelled as it is stored.
   */
  #sayStored(
    span: Span,
    outgoing: OutgoingJob,
    { job: { id, parentId, traceparent, tracestate, status, error }, deduplicated }: Added,
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
    this.#batch?.link(this.#started.map(({ span }) => span), messageIds);
    for (const { span } of this.#started) shielded(() => span.end(endTime));
    this.#batch?.end(endTime);
  }
}

function spanJobOf(
  { job: { id, queueName, payload }, correlationId, parentId }: OutgoingJob,
): SpanJob {
  return { id, queueName, payload, correlationId, parentId };
}

/** The creation context, if the span has a valid one in the trace that was asked for. */
function creationContextOf(span: Span, { traceId }: Origin): CreationContext | undefined {
  const spanContext = validSpanContext(span);
  if (spanContext === undefined) return undefined;
  // Another's provider may not do as it was asked; the job's own trace is what its caller said.
  return traceId === undefined || traceId === spanContext.traceId
    ? toCreationContext(spanContext)
    : { traceId };
}

/** A span context as it is stored. */
export function toCreationContext(spanContext: SpanContext): CreationContext {
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
  { rules }: EnqueueContext,
): void {
  const { name, message } = exceptionOf(error, spanJobOf(outgoing), rules.spanAttributes);
  setFailure(span, name, message);
}
