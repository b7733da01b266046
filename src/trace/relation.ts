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
  const before = linksTo("previous_attempt", [job.attemptTraceparent]);
  if (modeOf(job, rules) === "none") return before;
  const creation = origin.parent ? undefined : readTraceparent(job.traceparent, job.tracestate);
  // The SDK keeps the last ones when there are too many: those that matter most come last.
  return [
    ...linksTo("dependency", job.dependencyTraceparents ?? []),
    ...before,
    ...(creation ? [linkTo("creation", creation)] : []),
  ];
}

function modeOf({ propagation }: Related, rules: SpanRules): Propagation {
  return propagation ?? rules.propagation;
}

function startsSoon({ createdAt, startedAt }: Related, withinMs: number): boolean {
  if (createdAt === undefined || startedAt === undefined) return true;
  return Number(startedAt) - Number(createdAt) <= withinMs;
}

function linksTo(relation: string, traceparents: readonly (string | undefined)[]): Link[] {
  return traceparents.flatMap((traceparent) => {
    const context = readTraceparent(traceparent);
    return context === undefined ? [] : [linkTo(relation, context)];
  });
}

function linkTo(relation: string, context: SpanContext): Link {
  return { context, attributes: { "hammerwork.link": relation } };
}
