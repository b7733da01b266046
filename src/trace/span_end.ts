/**
 * How spans of an enqueue end: whatever a tracer throws then stays here.
 *
 * @module
 */
import { type Span, SpanStatusCode } from "@opentelemetry/api";

/** Whatever becomes of a span: the jobs are stored, or refused. */
export function shielded(act: () => void): void {
  try {
    act();
  } catch {
    // There is nothing more to be done for it.
  }
}

/** Says what kept a span's work from being done. */
export function setFailure(span: Span, errorType: string, message: string): void {
  span.setAttribute("error.type", errorType);
  span.setStatus({ code: SpanStatusCode.ERROR, message });
}
