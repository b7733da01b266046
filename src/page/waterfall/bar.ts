/**
 * A job's time as a bar: light while it waits, solid while an attempt runs, with marks where
 * something happened to it, and open at the end while it goes on.
 *
 * @module
 */
import { html } from "hono/html";
import { hasEnded } from "../../job/status.ts";
import type { Attempt } from "../../job/job.ts";
import type { JobNode } from "../../queue/job_tree.ts";
import { readTraceparent } from "../../trace/span_context.ts";
import type { Html } from "../view.ts";
import type { JobGroup } from "./families.ts";
import { placeOf, type Scale, ticksOf } from "./scale.ts";

/** What happened to a job at a moment. */
export type Mark = "retried" | "failed" | "cancelled" | "unblocked" | "linked";

// Around their own middle, so that a mark stands where its moment is.
const shapes: Readonly<Record<Mark | "goes-on", string>> = {
  retried: "M3.5-2.5A4.3 4.3 0 1 0 4.3 1M4.5-5v3.2H1.3",
  failed: "M-3.5-3.5l7 7m0-7l-7 7",
  cancelled: "M-4 0a4 4 0 1 0 8 0a4 4 0 1 0-8 0M-2.8 2.8l5.6-5.6",
  unblocked: "M0-4.5L4.5 0L0 4.5L-4.5 0Z",
  linked: "M-4 0a2 2 0 1 0 4 0a2 2 0 1 0-4 0M0 0a2 2 0 1 0 4 0a2 2 0 1 0-4 0",
  "goes-on": "M-6-4.5L-1 0L-6 4.5",
};

/** The shapes of all marks and the lines of the ticks, which bars refer to. */
export function barDefinitions(scale: Scale): Html {
  return html`
    <svg class="definitions" aria-hidden="true">
      <defs><g id="ticks">${ticksOf(scale).map(({ place }) =>
        html`
          <line x1="${place}%" x2="${place}%" y1="0" y2="100%" />
        `
      )}</g>${Object.entries(shapes).map(([name, shape]) =>
        html`
          <g id="mark-${name}" transform="translate(0 12)">
            <circle class="halo" r="6" />
            <path d="${shape}" />
          </g>
        `
      )}</defs>
    </svg>
  `;
}

/** A mark by itself, as the legend shows it. */
export function markSign(mark: Mark | "goes-on"): Html {
  return html`
    <svg class="sign" viewBox="-7 5 14 14" aria-hidden="true">
      <use href="#mark-${mark}" class="${mark}" />
    </svg>
  `;
}

/** The bar of a job. `unblockedAt` is when the last of its dependencies ended, if it had any. */
export function jobBar(
  { job, attempts }: JobNode,
  unblockedAt: number | undefined,
  scale: Scale,
): Html {
  const end = job.finishedAt?.getTime() ?? scale.to;
  const fatal = job.status === "failed" ? attempts.at(-1) : undefined;
  return bar([
    stretch("wait", job.createdAt.getTime(), end, scale),
    ...attempts.map((run) => {
      const kind = run === fatal ? "run fatal" : `run ${run.outcome}`;
      return stretch(kind, +run.startedAt, run.finishedAt?.getTime() ?? scale.to, scale);
    }),
    unblockedAt !== undefined && mark("unblocked", unblockedAt, scale),
    ...attempts.map((run) =>
      linkedTrace(run, job.traceId) !== undefined && mark("linked", +run.startedAt, scale)
    ),
    ...attempts.filter(endedBadly).map((run) =>
      mark(run === fatal ? "failed" : "retried", +run.finishedAt!, scale)
    ),
    job.status === "cancelled" && mark("cancelled", end, scale),
    !hasEnded(job.status) && mark("goes-on", scale.to, scale),
  ]);
}

/** The bar of folded jobs: how far they reach. */
export function familyBar({ from, to }: JobGroup, scale: Scale): Html {
  return bar([
    stretch("many", from, to ?? scale.to, scale),
    to === undefined && mark("goes-on", scale.to, scale),
  ]);
}

/** Whether an attempt did not complete its job, and was no victim of its cancellation. */
export function endedBadly({ outcome }: Attempt): boolean {
  return outcome !== "completed" && outcome !== "running" && outcome !== "cancelled";
}

/** The trace that an attempt ran in, where that is another than its job's, which its span links to. */
export function linkedTrace({ traceparent }: Attempt, traceId: string): string | undefined {
  const ranIn = readTraceparent(traceparent)?.traceId;
  return ranIn === traceId ? undefined : ranIn;
}

function bar(parts: readonly (Html | false)[]): Html {
  return html`<svg class="bar" aria-hidden="true"><use href="#ticks"/>${
    parts.filter(Boolean)
  }</svg>`;
}

// What takes no time that could be seen is seen all the same.
const LEAST_WIDTH = 0.4;

function stretch(kind: string, from: number, to: number, scale: Scale): Html {
  const width = Math.max(LEAST_WIDTH, placeOf(to, scale) - placeOf(from, scale));
  const x = Math.min(placeOf(from, scale), 100 - LEAST_WIDTH);
  return html`
    <rect class="${kind}" x="${percent(x)}" width="${percent(width)}" y="8" height="8" />
  `;
}

function mark(name: Mark | "goes-on", time: number, scale: Scale): Html {
  return html`
    <use href="#mark-${name}" class="${name}" x="${percent(placeOf(time, scale))}" />
  `;
}

function percent(value: number): string {
  return `${Math.round(value * 100) / 100}%`;
}
