/**
 * The sending side of a trace: a span for each enqueue, whose context is stored with the job before
 * the job can be seen.
 *
 * @module
 */
import { newTraceId } from "../job/ids.ts";
import type { Added } from "../store/store.ts";
import { type Creation, creationIn, type Sendable, type Sender, SendSpans } from "./send_spans.ts";
import { isUntraced } from "./suppress_tracing.ts";
import { activeContext, activeTracer, type Origin } from "./tracer.ts";

/** The spans of one enqueue. */
export interface Sending {
  /** One for each job, in order. */
  readonly creations: readonly Creation[];
  /** Ends the spans of jobs that are stored: what was added, in order. */
  end(added: readonly Added[]): void;
  /** Ends the spans of jobs that are not. */
  fail(error: unknown): void;
}

/** Starts the spans of one enqueue; without tracing it only decides the ids. */
export function startSending(jobs: readonly Sendable[], sender: Sender): Sending {
  const tracer = activeTracer();
  if (tracer === undefined) return untraced(jobs);
  const within = activeContext();
  if (isUntraced(within)) return untraced(jobs);
  const spans = new SendSpans(sender);
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
  return untraced(jobs);
}

function untraced(jobs: readonly Sendable[]): Sending {
  const newTraces = new Map<Origin, string>();
  const creations = jobs.map(({ origin }): Creation => {
    // A caller's own context is passed on as it came, with the decision in it.
    if (origin.parent !== undefined) return creationIn(origin.parent.spanContext);
    if (origin.traceId !== undefined) return { traceId: origin.traceId };
    const traceId = newTraces.get(origin) ?? newTraceId();
    newTraces.set(origin, traceId);
    return { traceId };
  });
  return { creations, end: () => {}, fail: () => {} };
}
