/**
 * The sending side of a trace: a span for each enqueue, whose context is stored with the job before
 * the job can be seen. By the messaging conventions of OpenTelemetry: one job is one `send` span;
 * several are a `create` span each and one `send` span that links to them.
 *
 * @module
 */
import {
  type Attributes,
  type Span,
  type SpanContext,
  SpanKind,
  SpanStatusCode,
  type Tracer,
} from "@opentelemetry/api";
import { toJobError } from "../job/errors.ts";
import { newTraceId } from "../job/ids.ts";
import type { NewJob } from "../job/new_job.ts";
import { jobAttributes, operationAttributes } from "./attributes.ts";
import type { SpanAttributes } from "./rules.ts";
import { activeTracer, type Origin, startSpan } from "./tracer.ts";
import { writeTraceparent } from "./w3c.ts";

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

/** The spans of one enqueue. */
export interface Sending {
  /** One for each job, in order. */
  readonly creations: readonly Creation[];
  /** Ends the spans; an error marks them. */
  end(error?: unknown): void;
}

/** What is known of a call of `enqueue` beside its jobs. */
export interface Sender {
  /** The caller's active span. */
  readonly span: SpanContext | undefined;
  /** Changes what the spans say. */
  readonly spanAttributes: SpanAttributes | undefined;
}

/** Starts the spans of one enqueue; without tracing it only decides the ids. */
export function startSending(jobs: readonly Sendable[], sender: Sender): Sending {
  try {
    const tracer = activeTracer();
    if (tracer === undefined) return untraced(jobs);
    const sending = jobs.length === 1
      ? sendOne(tracer, jobs[0]!, sender)
      : sendMany(tracer, jobs, sender);
    // A provider that makes empty spans has given no trace to belong to.
    return sending.creations.every(({ traceparent }) => traceparent) ? sending : untraced(jobs);
  } catch {
    // A tracer that throws must not keep a job from being enqueued.
    return untraced(jobs);
  }
}

function untraced(jobs: readonly Sendable[]): Sending {
  const newTraces = new Map<Origin, string>();
  const creations = jobs.map(({ origin }): Creation => {
    // A caller's own context is passed on as it came, with the decision in it.
    if (origin.parent !== undefined) return creationIn(origin.parent);
    if (origin.traceId !== undefined) return { traceId: origin.traceId };
    const traceId = newTraces.get(origin) ?? newTraceId();
    newTraces.set(origin, traceId);
    return { traceId };
  });
  return { creations, end: () => {} };
}

function sendOne(
  tracer: Tracer,
  sendable: Sendable,
  { spanAttributes }: Sender,
): Sending {
  const span = startProducerSpan(tracer, "send", sendable, sendable.origin, spanAttributes);
  return {
    creations: [creationIn(span.spanContext())],
    end: (error) => endSpans([span], error),
  };
}

function sendMany(
  tracer: Tracer,
  jobs: readonly Sendable[],
  { span, spanAttributes }: Sender,
): Sending {
  const origins = new Set(jobs.map(({ origin }) => origin));
  const shared = origins.size === 1 ? jobs[0]!.origin : undefined;
  const send = startSpan(tracer, batchName(jobs), {
    kind: SpanKind.CLIENT,
    attributes: batchAttributes(jobs),
  }, shared ?? (span ? { parent: span } : {}));
  // Each trace gets one root: the send span where all jobs share a trace, else its first job's.
  const roots = new Map<Origin, Origin>();
  if (shared !== undefined) roots.set(shared, { parent: send.spanContext() });
  const creates = jobs.map((sendable) => {
    const origin = roots.get(sendable.origin) ?? sendable.origin;
    const create = startProducerSpan(tracer, "create", sendable, origin, spanAttributes);
    if (origin.parent === undefined) roots.set(sendable.origin, { parent: create.spanContext() });
    return create;
  });
  send.addLinks(creates.map((create, i) => ({
    context: create.spanContext(),
    attributes: { "messaging.message.id": jobs[i]!.job.id },
  })));
  return {
    creations: creates.map((create) => creationIn(create.spanContext())),
    end: (error) => endSpans([...creates, send], error),
  };
}

function startProducerSpan(
  tracer: Tracer,
  operation: "send" | "create",
  { job, correlationId, parentId }: Sendable,
  origin: Origin,
  spanAttributes: SpanAttributes | undefined,
): Span {
  const { id, queueName, payload } = job;
  return startSpan(tracer, `${operation} ${queueName}`, {
    kind: SpanKind.PRODUCER,
    attributes: jobAttributes(
      operation,
      { id, queueName, payload, correlationId, parentId },
      spanAttributes,
    ),
  }, origin);
}

/** The destination stands in a batch span's name only where it is the same for all. */
function batchName(jobs: readonly Sendable[]): string {
  const queueName = commonQueue(jobs);
  return queueName === undefined ? "send" : `send ${queueName}`;
}

function batchAttributes(jobs: readonly Sendable[]): Attributes {
  return {
    ...operationAttributes("send", commonQueue(jobs)),
    "messaging.batch.message_count": jobs.length,
  };
}

function commonQueue(jobs: readonly Sendable[]): string | undefined {
  const [first] = jobs;
  return jobs.every(({ job }) => job.queueName === first!.job.queueName)
    ? first!.job.queueName
    : undefined;
}

function creationIn(spanContext: SpanContext): Creation {
  return {
    traceId: spanContext.traceId,
    traceparent: writeTraceparent(spanContext),
    tracestate: spanContext.traceState?.serialize() || undefined,
  };
}

function endSpans(spans: readonly Span[], error: unknown): void {
  for (const span of spans) {
    try {
      if (error !== undefined) markFailed(span, error);
      span.end();
    } catch {
      // The jobs are stored, or refused, whatever becomes of the span.
    }
  }
}

function markFailed(span: Span, error: unknown): void {
  const { name, message } = toJobError(error);
  span.setAttribute("error.type", name);
  span.setStatus({ code: SpanStatusCode.ERROR, message });
}
