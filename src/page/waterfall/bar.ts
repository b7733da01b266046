/**
 * The bar of a job: light while it waits, solid while an attempt runs, with marks for events and an
 * arrow at its end while it is unfinished.
 *
 * @module
 */
import { html } from "hono/html";
import type {
  TimelineMark,
  TimelineMarkType,
  TimelineRow,
  TimeScale,
} from "../../queue/timeline.ts";
import type { Html } from "../view.ts";
import type { JobGroup } from "./job_groups.ts";
import { positionOf, ticksOf } from "./scale.ts";

// The origin is the center of the shape.
const shapes: Readonly<Record<TimelineMarkType, string>> = {
  retried: "M3.5-2.5A4.3 4.3 0 1 0 4.3 1M4.5-5v3.2H1.3",
  failed: "M-3.5-3.5l7 7m0-7l-7 7",
  cancelled: "M-4 0a4 4 0 1 0 8 0a4 4 0 1 0-8 0M-2.8 2.8l5.6-5.6",
  unblocked: "M0-4.5L4.5 0L0 4.5L-4.5 0Z",
  linked: "M-4 0a2 2 0 1 0 4 0a2 2 0 1 0-4 0M0 0a2 2 0 1 0 4 0a2 2 0 1 0-4 0",
  unfinished: "M-6-4.5L-1 0L-6 4.5",
};

/** The shapes of all marks and the lines of the ticks, which all bars use. */
export function barSymbols(scale: TimeScale): Html {
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

/** A mark in the legend. */
export function markIcon(mark: TimelineMarkType): Html {
  return html`
    <svg class="sign" viewBox="-7 5 14 14" aria-hidden="true">
      <use href="#mark-${mark}" class="${mark}" />
    </svg>
  `;
}

/** The bar of a job. */
export function jobBar({ from, to, runs, marks }: TimelineRow, scale: TimeScale): Html {
  return bar([
    stretch("wait", from, to, scale),
    ...runs.map(({ attempt, isFatal, from, to }) =>
      stretch(isFatal ? "run fatal" : `run ${attempt.outcome}`, from, to, scale)
    ),
    ...marks.map((one) => mark(one, scale)),
  ]);
}

/** The bar of folded jobs, from the first creation to the last end. */
export function groupBar({ from, to }: JobGroup, scale: TimeScale): Html {
  return bar([
    stretch("group", from, to ?? scale.to, scale),
    to === undefined && mark({ type: "unfinished", at: scale.to }, scale),
  ]);
}

function bar(parts: readonly (Html | false)[]): Html {
  return html`<svg class="bar" aria-hidden="true"><use href="#ticks"/>${
    parts.filter(Boolean)
  }</svg>`;
}

// In percent, so that the shortest attempt is visible.
const MIN_WIDTH = 0.4;

function stretch(kind: string, from: number, to: number, scale: TimeScale): Html {
  const width = Math.max(MIN_WIDTH, positionOf(to, scale) - positionOf(from, scale));
  const x = Math.min(positionOf(from, scale), 100 - MIN_WIDTH);
  return html`
    <rect class="${kind}" x="${percent(x)}" width="${percent(width)}" y="8" height="8" />
  `;
}

function mark({ type, at }: TimelineMark, scale: TimeScale): Html {
  return html`
    <use href="#mark-${type}" class="${type}" x="${percent(positionOf(at, scale))}" />
  `;
}

function percent(value: number): string {
  return `${Math.round(value * 100) / 100}%`;
}
