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
import { asParent, contextOf, type Origin, type Parent, startSpan } from "./tracer.ts";
import { readTraceparent, writeTraceparent } from "./w3c.ts";

/** A job with everything decided about its trace but its creation context. */
export interface Sendable {
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
export interface Creation {
  /** 32 lower-case hex digits. */
  readonly traceId: string;
  /** Absent when no tracing took a sampling decision. */
  readonly traceparent?: string | undefined;
  /** Vendors' part. */
  readonly tracestate?: string | undefined;
}

/** What is known of a call of `enqueue` beside its jobs. */
export interface Sender {
  /** The caller's active span. */
  readonly span: Parent | undefined;
  /** How spans are made. */
  readonly rules: SpanRules;
}

/** A span that was started, and the job that it creates. */
interface Started {
  readonly span: Span;
  readonly sendable: Sendable;
}

/** One span of each job, and of several jobs the one above. */
export class SendSpans {
  readonly #sender: Sender;
  readonly #started: Started[] = [];
  #batch: BatchSpan | undefined;

  constructor(sender: Sender) {
    this.#sender = sender;
  }

  /** One job is one `send` span. */
  startOne(tracer: Tracer, sendable: Sendable, within: Context): void {
    this.#start(tracer, "send", sendable, sendable.origin, within);
  }

  /** Several jobs are a `create` span each and one `send` span. */
  startMany(tracer: Tracer, jobs: readonly Sendable[], within: Context): void {
    const origins = new Set(jobs.map(({ origin }) => origin));
    const shared = origins.size === 1 ? jobs[0]!.origin : undefined;
    const above = shared ?? { parent: this.#sender.span };
    const queueNames = jobs.map(({ job }) => job.queueName);
    const { rules } = this.#sender;
    const batch = this.#batch = new BatchSpan(tracer, queueNames, rules, above, within);
    // Each trace gets one root: the send span where all jobs share a trace, else its first job's.
    const roots = new Map<Origin, Origin>();
    if (shared !== undefined) roots.set(shared, { parent: batch.asParent });
    for (const sendable of jobs) {
      const origin = roots.get(sendable.origin) ?? sendable.origin;
      const span = this.#start(tracer, "create", sendable, origin, within);
      if (origin.parent === undefined) roots.set(sendable.origin, { parent: asParent(span) });
    }
  }

  /** What is stored of each job's trace; `undefined` if a span has no valid context. */
  creations(): readonly Creation[] | undefined {
    const creations = this.#started.map(({ span, sendable }) => creationOf(span, sendable.origin));
    return creations.every((creation) => creation !== undefined) ? creations : undefined;
  }

  /** Ends the spans of jobs that are stored. */
  end(added: readonly Added[]): void {
    this.#started.forEach(({ span, sendable }, i) => {
      const { job, deduplicated } = added[i]!;
      const isCancelled = job.status === "cancelled";
      if (!deduplicated && !isCancelled && job.parentId === sendable.parentId) return;
      shielded(() => this.#sayStored(span, sendable, added[i]!));
    });
    this.#end(added.map(({ job }) => job.id));
  }

  /** Ends the spans of jobs that are not stored. */
  fail(error: unknown): void {
    const kept = toJobError(error);
    for (const { span, sendable } of this.#started) {
      shielded(() => markFailed(span, kept, sendable, this.#sender));
    }
    // A database's message may quote what it refused; of several jobs nobody can say whose it is.
    const { spanAttributes } = this.#sender.rules;
    this.#batch?.fail(spanAttributes === undefined ? kept : { ...kept, message: "" });
    this.#end(this.#started.map(({ sendable }) => sendable.job.id));
  }

  /** Ends what was started in vain. */
  abandon(): void {
    for (const { span } of this.#started) shielded(() => span.end());
    this.#batch?.end(undefined);
  }

  #start(
    tracer: Tracer,
    operation: "send" | "create",
    sendable: Sendable,
    origin: Origin,
    within: Context,
  ): Span {
    const span = startSpan(tracer, origin, withBaggage(within, sendable.baggage), () => ({
      name: `${operation} ${sendable.job.queueName}`,
      kind: SpanKind.PRODUCER,
      attributes: jobAttributes(operation, spanJobOf(sendable), this.#sender.rules),
    }));
    this.#started.push({ span, sendable });
    return span;
  }

  /**
   * What was not known when the span was started: a deduplicated job, or its deduplicated parent, has
   * another id, and a job can be cancelled as it is stored.
   */
  #sayStored(
    span: Span,
    sendable: Sendable,
    { job: { id, parentId, traceparent, tracestate, status, error }, deduplicated }: Added,
  ): void {
    if (!span.isRecording()) return;
    const operation = this.#batch === undefined ? "send" : "create";
    const job = { ...spanJobOf(sendable), id, parentId };
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
  { job: { id, queueName, payload }, correlationId, parentId }: Sendable,
): SpanJob {
  return { id, queueName, payload, correlationId, parentId };
}

/** The creation context, if the span has a valid one in the trace that was asked for. */
function creationOf(span: Span, { traceId }: Origin): Creation | undefined {
  const spanContext = contextOf(span);
  if (spanContext === undefined) return undefined;
  // Another's provider may not do as it was asked; the job's own trace is what its caller said.
  return traceId === undefined || traceId === spanContext.traceId
    ? creationIn(spanContext)
    : { traceId };
}

/** A span context as it is stored. */
export function creationIn(spanContext: SpanContext): Creation {
  return {
    traceId: spanContext.traceId,
    traceparent: writeTraceparent(spanContext),
    tracestate: spanContext.traceState?.serialize() || undefined,
  };
}

function markFailed(
  span: Span,
  error: JobError,
  sendable: Sendable,
  { rules }: Sender,
): void {
  const { name, message } = exceptionOf(error, spanJobOf(sendable), rules.spanAttributes);
  setFailure(span, name, message);
}
