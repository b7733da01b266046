/**
 * The trace of a request: its headers are passed on to the jobs that it enqueues, and the response has
 * headers of theirs. As W3C demands, a malformed `traceparent` is ignored; so is a malformed
 * `x-correlation-id`.
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
  /** The parent of their spans. */
  readonly span: SpanContext | undefined;
  /** The correlation id of jobs that have none. */
  readonly correlationId: string | undefined;
  /** The baggage, if the queue has the option `baggage`. */
  readonly baggage: string | undefined;
}

/** Reads it. An active span comes from instrumentation of the server, which has read the headers. */
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

/** A job with what it does not have itself. A job with a parent gets the correlation id of the parent. */
export function inTrace(newJob: NewJob, { correlationId, baggage }: RequestTrace): NewJob {
  const takesProcess = correlationId !== undefined && !newJob.parentId;
  return {
    ...takesProcess && { correlationId },
    ...baggage !== undefined && { baggage },
    ...newJob,
  };
}

/** The trace of a job in an answer. */
interface JobTrace {
  readonly traceId?: string | undefined;
  readonly correlationId?: string | undefined;
  readonly traceparent?: string | undefined;
}

/** Headers with the ids that all of these jobs share. */
export function traceHeadersOf(jobs: readonly JobTrace[]): Readonly<Record<string, string>> {
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

/** Printable ASCII. Runtimes decode other characters of headers differently. */
function isHeaderText(text: string): boolean {
  return text.length <= 255 && /^[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?$/.test(text);
}
