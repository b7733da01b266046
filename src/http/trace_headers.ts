/**
 * A request's trace: what its headers say goes to the jobs that it enqueues, and theirs come back.
 * By W3C's rule a malformed `traceparent` is as good as none; so is a malformed `x-correlation-id`.
 *
 * @module
 */
import type { SpanContext } from "@opentelemetry/api";
import type { NewJob } from "../job/new_job.ts";
import { activeBaggage } from "../trace/baggage.ts";
import { activeSpanContext } from "../trace/active_context.ts";
import { readTraceparent } from "../trace/span_context.ts";

/** What a request passes on to its jobs. */
export interface RequestTrace {
  /** The span that they begin under. */
  readonly span: SpanContext | undefined;
  /** Their business process, unless they have one of their own. */
  readonly correlationId: string | undefined;
  /** Their baggage, where the queue carries it. */
  readonly baggage: string | undefined;
}

/** Reads it. An active span is that of the server's own instrumentation, which has read the headers. */
export function readRequestTrace({ headers }: Request, carriesBaggage: boolean): RequestTrace {
  const traceparent = headers.get("traceparent") ?? undefined;
  const tracestate = headers.get("tracestate") ?? undefined;
  const correlationId = headers.get("x-correlation-id") ?? "";
  return {
    span: activeSpanContext() ?? readTraceparent(traceparent, tracestate),
    correlationId: isHeaderText(correlationId) ? correlationId : undefined,
    baggage: carriesBaggage ? activeBaggage() ?? headers.get("baggage") ?? undefined : undefined,
  };
}

/** A job with what it does not say itself. A parent gives its own business process. */
export function inTrace(newJob: NewJob, { correlationId, baggage }: RequestTrace): NewJob {
  const takesProcess = correlationId !== undefined && !newJob.parentId;
  return {
    ...takesProcess && { correlationId },
    ...baggage !== undefined && { baggage },
    ...newJob,
  };
}

/** What an answer tells of a job's trace. */
interface Traced {
  readonly traceId?: string | undefined;
  readonly correlationId?: string | undefined;
  readonly traceparent?: string | undefined;
}

/** The ids that these jobs have in common, as headers. */
export function traceHeadersOf(jobs: readonly Traced[]): Readonly<Record<string, string>> {
  const all = {
    "x-trace-id": common(jobs.map(({ traceId }) => traceId)),
    "x-correlation-id": common(jobs.map(({ correlationId }) => correlationId)),
    "traceparent": common(jobs.map(({ traceparent }) => traceparent)),
  };
  const known = Object.entries(all).filter(([, value]) => value && isHeaderText(value));
  return Object.fromEntries(known) as Record<string, string>;
}

function common(values: readonly (string | undefined)[]): string | undefined {
  return values.every((value) => value === values[0]) ? values[0] : undefined;
}

/** A header takes visible ASCII. What else is in one is read differently from runtime to runtime. */
function isHeaderText(text: string): boolean {
  return text.length <= 255 && /^[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?$/.test(text);
}
