/**
 * Where an attempt's span begins and what it links to: decided from what is stored of the job, by
 * the rule of propagation that holds for it.
 *
 * @module
 */
import type { Link, SpanContext } from "@opentelemetry/api";
import type { Propagation } from "../job/record.ts";
import type { ClaimedJob } from "../store/store.ts";
import type { SpanRules } from "./rules.ts";
import type { Origin } from "./start_span.ts";
import { readTraceparent } from "./span_context.ts";

/** As much of a claimed job as is at hand. */
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
    /** When it was added: a Date, or ms since 1970. */
    readonly createdAt?: Date | number | undefined;
    /** When the attempt began. */
    readonly startedAt?: Date | number | undefined;
  };

/** What another span is to the one that links to it. */
export type Relation = "creation" | "dependency" | "previous_attempt" | "tick";

/** A link that says what the other span is. */
export function linkTo(context: SpanContext, relation: Relation): Link {
  return { context, attributes: { "hammerwork.link": relation } };
}

/** Where the span of an attempt begins. */
export function originOf(job: StoredTraceContext, rules: SpanRules): Origin {
  const mode = modeOf(job, rules);
  if (mode === "none") return {};
  const creation = readTraceparent(job.traceparent, job.tracestate);
  // A job without a creation context was enqueued without tracing: its trace begins here.
  if (creation === undefined) return { traceId: job.traceId };
  const isChild = mode === "child" || (mode === "auto" && startsSoon(job, rules.childWithinMs));
  return isChild ? { traceId: job.traceId, parent: { spanContext: creation } } : {};
}

/**
 * Links from an attempt to the enqueue, the attempt before, the jobs that it depended on, and the span
 * that its worker's tick runs in. Also to a parent: by the messaging conventions consumers are linked,
 * and some platforms follow only links from one service to another.
 */
export function linksOf(
  job: StoredTraceContext,
  rules: SpanRules,
  tick: SpanContext | undefined,
): Link[] {
  const links: Link[] = [];
  const isAlone = modeOf(job, rules) === "none";
  // The SDK keeps the last ones when there are too many: those that matter most come last.
  if (!isAlone) {
    for (const one of job.dependencyTraceparents ?? []) addLink(links, "dependency", one);
  }
  if (tick !== undefined) links.push(linkTo(tick, "tick"));
  addLink(links, "previous_attempt", job.attemptTraceparent);
  if (!isAlone) addLink(links, "creation", job.traceparent, job.tracestate);
  return links;
}

function modeOf({ propagation }: StoredTraceContext, rules: SpanRules): Propagation {
  return propagation ?? rules.propagation;
}

function startsSoon({ createdAt, startedAt }: StoredTraceContext, withinMs: number): boolean {
  if (createdAt === undefined || startedAt === undefined) return true;
  return Number(startedAt) - Number(createdAt) <= withinMs;
}

function addLink(
  links: Link[],
  relation: Relation,
  traceparent: string | undefined,
  tracestate?: string,
): void {
  const context = readTraceparent(traceparent, tracestate);
  if (context !== undefined) links.push(linkTo(context, relation));
}
