/**
 * What a job inherits when it is enqueued: its trace, its correlation id, its parent and its
 * baggage. They come from the first of these that has them: its own options, the jobs that it is
 * connected with in the same call, its parent, the running job, the active span of the caller.
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
  /** The running job, if it is called in a handler. */
  readonly scope: JobScope | undefined;
  /** The active span of the caller, if there is one. */
  readonly span: Parent | undefined;
  /** The baggage of the caller, if the queue passes it on. */
  readonly baggage: string | undefined;
}

/** Stored parents by their ids. */
export type Parents = ReadonlyMap<string, FoundRecord>;

/** What each of these jobs inherits. They are in dependency order; `parents` are stored jobs. */
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

/**
 * The origin of each job in its trace. Jobs of one trace share an origin, by which their spans are
 * grouped.
 */
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

/**
 * The origin by the options of the job. `traceparent` has precedence over `traceId`; a malformed
 * one is ignored.
 */
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

/**
 * The origin in a given trace: below the active span or the span that enqueued the parent, if these
 * are in it.
 */
function within(
  traceId: string,
  job: NewJob,
  parents: Parents,
  { span, scope }: EnqueueContext,
): Origin {
  // In a handler the active span can be of another trace.
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
