/**
 * The sending side of a trace: a span for each enqueue, whose context is stored with the job before
 * the job can be seen. By the messaging conventions of OpenTelemetry: one job is one `send` span;
 * several are a `create` span each and one `send` span that links to them.
 *
 * @module
 */
import {
  type Attributes,
  context,
  type Span,
  type SpanContext,
  SpanKind,
  SpanStatusCode,
  type Tracer,
} from "@opentelemetry/api";
import { toJobError } from "../job/errors.ts";
import { newTraceId } from "../job/ids.ts";
import type { NewJob } from "../job/new_job.ts";
import type { JobError } from "../job/record.ts";
import { exceptionOf, jobAttributes, operationAttributes } from "./attributes.ts";
import type { SpanAttributes, SpanJob } from "./rules.ts";
import { isUntraced } from "./suppress_tracing.ts";
import { activeTracer, contextOf, type Origin, startSpan } from "./tracer.ts";
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
  const tracer = activeTracer();
  if (tracer === undefined || isSuppressed()) return untraced(jobs);
  const started: Started[] = [];
  try {
    if (jobs.length === 1) sendOne(tracer, jobs[0]!, sender, started);
    else sendMany(tracer, jobs, sender, started);
    const created = started.filter(({ sendable }) => sendable !== undefined);
    const creations = created.map(({ span, sendable }) => creationOf(span, sendable!.origin));
    // A provider that makes empty spans has given no trace to belong to.
    if (creations.every((creation) => creation !== undefined)) {
      return { creations, end: (error) => endSpans(started, sender, error) };
    }
  } catch {
    // A tracer that throws must not keep a job from being enqueued.
  }
  endSpans(started, sender, undefined);
  return untraced(jobs);
}

/** A span that was started, and the job that it creates, if it is one job's. */
interface Started {
  readonly span: Span;
  readonly sendable: Sendable | undefined;
}

function isSuppressed(): boolean {
  try {
    return isUntraced(context.active());
  } catch {
    return false;
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

function sendOne(tracer: Tracer, sendable: Sendable, sender: Sender, started: Started[]): void {
  const { origin } = sendable;
  started.push({ span: startProducerSpan(tracer, "send", sendable, origin, sender), sendable });
}

function sendMany(
  tracer: Tracer,
  jobs: readonly Sendable[],
  sender: Sender,
  started: Started[],
): void {
  const origins = new Set(jobs.map(({ origin }) => origin));
  const shared = origins.size === 1 ? jobs[0]!.origin : undefined;
  const above = shared ?? (sender.span ? { parent: sender.span } : {});
  const send = startSpan(tracer, above, () => ({
    name: batchName(jobs),
    kind: SpanKind.CLIENT,
    attributes: batchAttributes(jobs),
  }));
  started.push({ span: send, sendable: undefined });
  // Each trace gets one root: the send span where all jobs share a trace, else its first job's.
  const roots = new Map<Origin, Origin>();
  if (shared !== undefined) roots.set(shared, { parent: send.spanContext() });
  for (const sendable of jobs) {
    const origin = roots.get(sendable.origin) ?? sendable.origin;
    const span = startProducerSpan(tracer, "create", sendable, origin, sender);
    started.push({ span, sendable });
    if (origin.parent === undefined) roots.set(sendable.origin, { parent: span.spanContext() });
  }
  if (!send.isRecording()) return;
  send.addLinks(
    started.slice(1).map(({ span, sendable }) => ({
      context: span.spanContext(),
      attributes: { "messaging.message.id": sendable!.job.id },
    })),
  );
}

function startProducerSpan(
  tracer: Tracer,
  operation: "send" | "create",
  sendable: Sendable,
  origin: Origin,
  { spanAttributes }: Sender,
): Span {
  return startSpan(tracer, origin, () => ({
    name: `${operation} ${sendable.job.queueName}`,
    kind: SpanKind.PRODUCER,
    attributes: jobAttributes(operation, spanJobOf(sendable), spanAttributes),
  }));
}

function spanJobOf(
  { job: { id, queueName, payload }, correlationId, parentId }: Sendable,
): SpanJob {
  return { id, queueName, payload, correlationId, parentId };
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

/** The creation context, if the span has a valid one in the trace that was asked for. */
function creationOf(span: Span, { traceId }: Origin): Creation | undefined {
  const spanContext = contextOf(span);
  if (spanContext === undefined) return undefined;
  // Another's provider may not do as it was asked; the job's own trace is what its caller said.
  return traceId === undefined || traceId === spanContext.traceId
    ? creationIn(spanContext)
    : { traceId };
}

function creationIn(spanContext: SpanContext): Creation {
  return {
    traceId: spanContext.traceId,
    traceparent: writeTraceparent(spanContext),
    tracestate: spanContext.traceState?.serialize() || undefined,
  };
}

function endSpans(spans: readonly Started[], sender: Sender, error: unknown): void {
  for (const { span, sendable } of spans) {
    try {
      if (error !== undefined) markFailed(span, toJobError(error), sendable, sender);
    } catch {
      // The jobs are stored, or refused, whatever becomes of the span.
    }
    try {
      span.end();
    } catch {
      // There is nothing more to be done for it.
    }
  }
}

/** A database's message may quote what it refused; of several jobs nobody can say whose it is. */
function markFailed(
  span: Span,
  error: JobError,
  sendable: Sendable | undefined,
  { spanAttributes }: Sender,
): void {
  const { name, message } = sendable === undefined && spanAttributes !== undefined
    ? { name: error.name, message: "" }
    : exceptionOf(error, sendable ? spanJobOf(sendable) : NO_JOB, spanAttributes);
  span.setAttribute("error.type", name);
  span.setStatus({ code: SpanStatusCode.ERROR, message });
}

const NO_JOB: SpanJob = { id: "", queueName: "" };
