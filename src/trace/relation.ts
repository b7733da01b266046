/**
 * The parent and the links of an attempt's span: decided by the job's propagation, from the contexts
 * that are stored with the job.
 *
 * @module
 */
import type { Link, SpanContext } from "@opentelemetry/api";
import type { Propagation } from "../job/record.ts";
import type { ClaimedJob } from "../store/store.ts";
import type { SpanRules } from "./rules.ts";
import type { Origin } from "./start_span.ts";
import { readTraceparent } from "./span_context.ts";

/** What is stored of a job's trace. A claimed job has it all. */
export type StoredTraceContext =
  & Pick<ClaimedJob, "traceId">
  & Partial<
    Pick<
      ClaimedJob,
      | "traceparent"
      | "tracestate"
      | "baggage"
      | "propagation"
      | "attemptTraceparent"
      | "dependencyTraceparents"
    >
  >
  & {
    /** When the job was added: a Date, or ms since 1970. */
    readonly createdAt?: Date | number | undefined;
    /** When the attempt started: a Date, or ms since 1970. */
    readonly startedAt?: Date | number | undefined;
  };

/** What a linked span is to the span that links to it. */
export type Relation = "creation" | "dependency" | "previous_attempt" | "tick";

/** A link with its relation as an attribute. */
export function linkTo(context: SpanContext, relation: Relation): Link {
  return { context, attributes: { "hammerwork.link": relation } };
}

/** The creation context of a job: of the span that enqueued it, if its attempts are related to that. */
export function creationOf(job: StoredTraceContext, rules: SpanRules): SpanContext | undefined {
  if (propagationOf(job, rules) === "none") return undefined;
  return readTraceparent(job.traceparent, job.tracestate);
}

/** Where the span of an attempt is started. */
export function originOf(
  job: StoredTraceContext,
  rules: SpanRules,
  creation: SpanContext | undefined,
): Origin {
  const mode = propagationOf(job, rules);
  if (mode === "none") return {};
  // A job without a creation context was enqueued without tracing: its trace starts here.
  if (creation === undefined) return { traceId: job.traceId };
  const isChild = mode === "child" || (mode === "auto" && startsSoon(job, rules.childWithinMs));
  return isChild ? { traceId: job.traceId, parent: { spanContext: creation } } : {};
}

/**
 * The links of an attempt: to the enqueue, the attempt before, the jobs it depended on, and the span in
 * which its worker's tick was called. The enqueue is linked even when it is the parent, as the
 * messaging conventions say of consumers; some platforms follow only links between services.
 */
export function linksOf(
  job: StoredTraceContext,
  rules: SpanRules,
  creation: SpanContext | undefined,
  tick: SpanContext | undefined,
): Link[] {
  const links: Link[] = [];
  // The SDK keeps the last links when there are too many, so the most important ones come last.
  if (propagationOf(job, rules) !== "none") {
    for (const one of job.dependencyTraceparents ?? []) addLink(links, "dependency", one);
  }
  if (tick !== undefined) links.push(linkTo(tick, "tick"));
  addLink(links, "previous_attempt", job.attemptTraceparent);
  if (creation !== undefined) links.push(linkTo(creation, "creation"));
  return links;
}

function propagationOf({ propagation }: StoredTraceContext, rules: SpanRules): Propagation {
  return propagation ?? rules.propagation;
}

function startsSoon({ createdAt, startedAt }: StoredTraceContext, withinMs: number): boolean {
  if (createdAt === undefined || startedAt === undefined) return true;
  return Number(startedAt) - Number(createdAt) <= withinMs;
}

function addLink(links: Link[], relation: Relation, traceparent: string | undefined): void {
  const context = readTraceparent(traceparent);
  if (context !== undefined) links.push(linkTo(context, relation));
}
