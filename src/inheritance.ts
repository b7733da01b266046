/**
 * What a job inherits when it is enqueued: its trace, its business process and its parent, from its
 * own options, from its family in the same call, from a stored parent, from the running job, or from
 * the caller's active span, in this order.
 *
 * @module
 */
import { isSpanContextValid, type SpanContext } from "@opentelemetry/api";
import { connected } from "./graph.ts";
import { readTraceId } from "./ids.ts";
import type { NewJob } from "./new_job.ts";
import type { JobRecord } from "./record.ts";
import type { Sendable } from "./trace/producer.ts";
import type { JobScope } from "./trace/scope.ts";
import type { Origin } from "./trace/tracer.ts";
import { readTraceparent } from "./trace/w3c.ts";

/** What surrounds a call of `enqueue`. */
export interface Surroundings {
  /** The running job, if a handler is calling. */
  readonly scope: JobScope | undefined;
  /** The caller's active span, if any. */
  readonly span: SpanContext | undefined;
}

/** Decides for jobs in dependency order what they inherit. `parents` are those already stored. */
export function inherit(
  jobs: readonly NewJob[],
  parents: ReadonlyMap<string, JobRecord>,
  surroundings: Surroundings,
): readonly Sendable[] {
  const originOf = origins(jobs, parents, surroundings);
  const correlationIds = new Map<string, string | undefined>();
  return jobs.map((job) => {
    const parentId = job.parentId ?? surroundings.scope?.jobId;
    const correlationId = job.correlationId ??
      (job.parentId === undefined
        ? surroundings.scope?.correlationId
        : correlationIds.get(job.parentId) ?? parents.get(job.parentId)?.correlationId);
    correlationIds.set(job.id, correlationId);
    return { job, origin: originOf(job), correlationId, parentId };
  });
}

/** Jobs of one trace get one origin object, so that the spans know that they belong together. */
function origins(
  jobs: readonly NewJob[],
  parents: ReadonlyMap<string, JobRecord>,
  surroundings: Surroundings,
): (job: NewJob) => Origin {
  const firstOf = connected(jobs);
  const shared = new Map<string, Origin>();
  const share = (origin: Origin): Origin => {
    if (origin.traceId === undefined) return origin;
    const key = `${origin.traceId} ${origin.parent?.spanId ?? ""}`;
    return shared.get(key) ?? (shared.set(key, origin), origin);
  };
  const own = new Map<NewJob, Origin>();
  const families = new Map<NewJob, Origin>();
  for (const job of jobs) {
    const origin = ownOrigin(job, surroundings);
    if (origin === undefined) continue;
    own.set(job, share(origin));
    if (!families.has(firstOf(job))) families.set(firstOf(job), share(origin));
  }
  return (job) => {
    const known = own.get(job) ?? families.get(firstOf(job));
    if (known !== undefined) return known;
    const origin = share(familyOrigin(job, parents, surroundings));
    families.set(firstOf(job), origin);
    return origin;
  };
}

/** What the job's own options say. A caller's context wins over a trace id; a malformed one is none. */
function ownOrigin(job: NewJob, { span }: Surroundings): Origin | undefined {
  const caller = readTraceparent(job.traceparent, job.tracestate);
  if (caller !== undefined) return { traceId: caller.traceId, parent: caller };
  if (job.traceId === undefined) return undefined;
  const traceId = readTraceId(job.traceId);
  return span?.traceId === traceId ? { traceId, parent: span } : { traceId };
}

function familyOrigin(
  job: NewJob,
  parents: ReadonlyMap<string, JobRecord>,
  { scope, span }: Surroundings,
): Origin {
  const parent = job.parentId === undefined ? undefined : parents.get(job.parentId);
  const traceId = parent?.traceId ?? scope?.traceId;
  const isActive = span !== undefined && isSpanContextValid(span);
  if (isActive && (traceId === undefined || traceId === span.traceId)) {
    return { traceId: span.traceId, parent: span };
  }
  return traceId === undefined ? {} : { traceId };
}
