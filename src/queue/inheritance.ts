/**
 * What a job inherits when it is enqueued: its trace, its business process, its parent and its
 * baggage, from its own options, from its family in the same call, from its parent, from the running
 * job, or from the caller's active span, in this order.
 *
 * @module
 */
import { connected } from "../job/graph.ts";
import { readTraceId } from "../job/ids.ts";
import type { NewJob } from "../job/new_job.ts";
import type { FoundRecord } from "../job/record.ts";
import { sanitizeBaggage } from "../trace/baggage.ts";
import type { OutgoingJob } from "../trace/enqueue_spans.ts";
import type { JobScope } from "../trace/scope.ts";
import { type Origin, type Parent, parentOf } from "../trace/start_span.ts";
import { readTraceparent } from "../trace/span_context.ts";

/** Where `enqueue` is called: a running job, a span, baggage. */
export interface EnqueueContext {
  /** The running job, if a handler is calling. */
  readonly scope: JobScope | undefined;
  /** The caller's active span, if any. */
  readonly span: Parent | undefined;
  /** The caller's baggage, where it is carried. */
  readonly baggage: string | undefined;
}

/** Stored parents by their ids. */
export type Parents = ReadonlyMap<string, FoundRecord>;

/** Decides for jobs in dependency order what they inherit. `parents` are those already stored. */
export function inherit(
  jobs: readonly NewJob[],
  parents: Parents,
  context: EnqueueContext,
): readonly OutgoingJob[] {
  const originOf = origins(jobs, parents, context);
  const correlationIds = new Map<string, string | undefined>();
  return jobs.map((job) => {
    const { parentId = context.scope?.jobId } = job;
    const correlationId = job.correlationId ??
      (!job.parentId
        ? context.scope?.correlationId
        : correlationIds.get(job.parentId) ?? parents.get(job.parentId)?.correlationId);
    correlationIds.set(job.id, correlationId);
    const baggage = job.baggage === undefined ? context.baggage : sanitizeBaggage(job.baggage);
    return { job, origin: originOf(job), correlationId, parentId: parentId ?? undefined, baggage };
  });
}

/** Jobs of one trace get one origin object, so that the spans know that they belong together. */
function origins(
  jobs: readonly NewJob[],
  parents: Parents,
  context: EnqueueContext,
): (job: NewJob) => Origin {
  const firstOf = connected(jobs);
  const shared = new Map<string, Origin>();
  const share = (origin: Origin): Origin => {
    if (origin.traceId === undefined) return origin;
    const key = `${origin.traceId} ${origin.parent?.spanContext.spanId ?? ""}`;
    return shared.get(key) ?? (shared.set(key, origin), origin);
  };
  const own = new Map<NewJob, Origin>();
  const families = new Map<NewJob, Origin>();
  for (const job of jobs) {
    const origin = ownOrigin(job, parents, context);
    if (origin === undefined) continue;
    own.set(job, share(origin));
    if (!families.has(firstOf(job))) families.set(firstOf(job), share(origin));
  }
  return (job) => {
    const known = own.get(job) ?? families.get(firstOf(job));
    if (known !== undefined) return known;
    const origin = share(familyOrigin(job, parents, context));
    families.set(firstOf(job), origin);
    return origin;
  };
}

/** What the job's own options say. A caller's context wins over a trace id; a malformed one is none. */
function ownOrigin(
  job: NewJob,
  parents: Parents,
  context: EnqueueContext,
): Origin | undefined {
  const caller = readTraceparent(job.traceparent, job.tracestate);
  if (caller !== undefined) return { traceId: caller.traceId, parent: { spanContext: caller } };
  const traceId = job.traceId ?? job.parentTraceId;
  return traceId === undefined ? undefined : within(readTraceId(traceId), job, parents, context);
}

function familyOrigin(job: NewJob, parents: Parents, context: EnqueueContext): Origin {
  const { scope, span } = context;
  const traceId = storedParent(job, parents)?.traceId ?? scope?.traceId;
  if (traceId !== undefined) return within(traceId, job, parents, context);
  return span === undefined ? {} : { traceId: span.spanContext.traceId, parent: span };
}

/** The place in a trace: under the active span or the parent's creation, if they belong to it. */
function within(
  traceId: string,
  job: NewJob,
  parents: Parents,
  { span, scope }: EnqueueContext,
): Origin {
  // The active span may be one of another trace, in which a handler does something of its own.
  const above = [span, parentOf(scope?.span)].find((one) => one?.spanContext.traceId === traceId);
  if (above !== undefined) return { traceId, parent: above };
  const stored = storedParent(job, parents);
  const spanContext = job.parentTraceparent === undefined
    ? readTraceparent(stored?.traceparent, stored?.tracestate)
    : readTraceparent(job.parentTraceparent, job.parentTracestate);
  return spanContext?.traceId === traceId ? { traceId, parent: { spanContext } } : { traceId };
}

function storedParent({ parentId }: NewJob, parents: Parents): FoundRecord | undefined {
  return parentId ? parents.get(parentId) : undefined;
}
