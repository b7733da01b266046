/**
 * Where an attempt's span begins and what it links to: decided from what is stored of the job, by
 * the rule of propagation that holds for it.
 *
 * @module
 */
import type { Link } from "@opentelemetry/api";
import type { Propagation } from "../job/record.ts";
import type { ClaimedJob } from "../store/store.ts";
import type { SpanRules } from "./rules.ts";
import type { Origin } from "./tracer.ts";
import { readTraceparent } from "./w3c.ts";

/** As much of a claimed job as is at hand. */
export type Related =
  & Pick<ClaimedJob, "traceId">
  & Partial<
    Pick<
      ClaimedJob,
      | "traceparent"
      | "tracestate"
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

/** Where the span of an attempt begins. */
export function originOf(job: Related, rules: SpanRules): Origin {
  const mode = modeOf(job, rules);
  if (mode === "none") return {};
  const creation = readTraceparent(job.traceparent, job.tracestate);
  // A job without a creation context was enqueued without tracing: its trace begins here.
  if (creation === undefined) return { traceId: job.traceId };
  const isChild = mode === "child" || (mode === "auto" && startsSoon(job, rules.childWithinMs));
  return isChild ? { traceId: job.traceId, parent: creation } : {};
}

/** Links from an attempt to the enqueue, the attempt before and the jobs that it depended on. */
export function linksOf(job: Related, rules: SpanRules, origin: Origin): Link[] {
  const links: Link[] = [];
  const isAlone = modeOf(job, rules) === "none";
  // The SDK keeps the last ones when there are too many: those that matter most come last.
  if (!isAlone) {
    for (const one of job.dependencyTraceparents ?? []) addLink(links, "dependency", one);
  }
  addLink(links, "previous_attempt", job.attemptTraceparent);
  if (!isAlone && !origin.parent) addLink(links, "creation", job.traceparent, job.tracestate);
  return links;
}

function modeOf({ propagation }: Related, rules: SpanRules): Propagation {
  return propagation ?? rules.propagation;
}

function startsSoon({ createdAt, startedAt }: Related, withinMs: number): boolean {
  if (createdAt === undefined || startedAt === undefined) return true;
  return Number(startedAt) - Number(createdAt) <= withinMs;
}

function addLink(
  links: Link[],
  relation: string,
  traceparent: string | undefined,
  tracestate?: string,
): void {
  const context = readTraceparent(traceparent, tracestate);
  if (context !== undefined) links.push({ context, attributes: { "hammerwork.link": relation } });
}
