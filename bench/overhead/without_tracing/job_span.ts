/**
 * An attempt without a span.
 *
 * @module
 */
import { INVALID_SPAN_CONTEXT, ROOT_CONTEXT, type Span, trace } from "@opentelemetry/api";
import type * as traced from "../../../src/trace/job_span.ts";

const noSpan: Span = trace.wrapSpanContext(INVALID_SPAN_CONTEXT);
const end = () => undefined;

/** Starts none. */
export const createJobSpan: typeof traced.createJobSpan = () => noSpan;

/** Starts none. */
export const startAttemptSpan: typeof traced.startAttemptSpan = ({ traceId }) => ({
  span: noSpan,
  context: ROOT_CONTEXT,
  traceId,
  end,
});
