/**
 * The sending side of a trace: a span for each enqueue, whose context is stored with the job before
 * the job can be seen.
 *
 * @module
 */
import { newTraceId } from "../job/ids.ts";
import type { Added } from "../store/store.ts";
import {
  type CreationContext,
  type EnqueueContext,
  EnqueueSpans,
  type OutgoingJob,
  toCreationContext,
} from "./enqueue_spans.ts";
import { isTracingSuppressed } from "./suppress_tracing.ts";
import { activeContext, activeTracer, type Origin } from "./tracer.ts";

/** The spans of one enqueue. */
export interface EnqueueTrace {
  /** One for each job, in order. */
  readonly creations: readonly CreationContext[];
  /** Ends the spans of jobs that are stored: what was added, in order. */
  end(added: readonly Added[]): void;
  /** Ends the spans of jobs that are not. */
  fail(error: unknown): void;
}

/** Starts the spans of one enqueue; without tracing it only decides the ids. */
export function startEnqueueTrace(
  jobs: readonly OutgoingJob[],
  sender: EnqueueContext,
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
    // A provider that makes empty spans has given no trace to belong to.
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
    // A caller's own context is passed on as it came, with the decision in it.
    if (origin.parent !== undefined) return toCreationContext(origin.parent.spanContext);
    if (origin.traceId !== undefined) return { traceId: origin.traceId };
    const traceId = newTraces.get(origin) ?? newTraceId();
    newTraces.set(origin, traceId);
    return { traceId };
  });
  return { creations, end: () => {}, fail: () => {} };
}
