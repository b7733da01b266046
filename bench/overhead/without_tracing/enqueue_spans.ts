/**
 * Enqueueing without a span: a job gets its trace id, as always.
 *
 * @module
 */
import { newTraceId } from "../../../src/job/ids.ts";
import type * as traced from "../../../src/trace/enqueue_spans.ts";

const end = () => {};

/** Decides the ids. The benchmark's jobs have no family, so none shares a trace. */
export const startEnqueueTrace: typeof traced.startEnqueueTrace = (jobs) => ({
  creations: jobs.map(({ origin }) => ({ traceId: origin.traceId ?? newTraceId() })),
  end,
  fail: end,
});
