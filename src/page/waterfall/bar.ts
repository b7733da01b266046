/**
 * The bar of a job: light while it waits, solid while an attempt runs, with marks for events and an
 * arrow at its end while it is unfinished.
 *
 * @module
 */
import { html } from "hono/html";
import type { TimelineMark, TimelineMarkType, TimelineRow } from "../../queue/timeline.ts";
import type { Html } from "../view.ts";
import type { PathStretch } from "../../queue/critical_path.ts";
import type { LinePart } from "./dependency_lines.ts";
import type { JobGroup } from "./job_groups.ts";
import { type AxisScale, breaksOf, positionOf, ticksOf } from "./scale.ts";

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
export function barSymbols(scale: AxisScale): Html {
  return html`
    <svg class="definitions" aria-hidden="true">
      <defs><g id="ticks">${ticksOf(scale).map(({ place }) =>
        html`
          <line x1="${place}%" x2="${place}%" y1="0" y2="100%" />
        `
      )}${breaksOf(scale).map(({ place, width }) =>
        html`
          <rect class="break" x="${place}%" width="${width}%" height="100%" />
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

/** What passes a row, or is on it, besides its bar. */
export interface BarContext {
  readonly scale: AxisScale;
  /** The parts of the lines from dependencies to dependents. */
  readonly lines: readonly LinePart[];
  /** The stretches of the critical path in this row. */
  readonly path: readonly PathStretch[];
}

/** The bar of a job. */
export function jobBar({ from, to, runs, marks }: TimelineRow, context: BarContext): Html {
  const { scale, path } = context;
  return bar([
    stretch("wait", from, to, scale),
    ...runs.map(({ attempt, isFatal, from, to }) =>
      stretch(isFatal ? "run fatal" : `run ${attempt.outcome}`, from, to, scale)
    ),
    ...path.map((one) => stretch("path", one.from, one.to, scale)),
    ...marks.map((one) => mark(one, scale)),
  ], context);
}

/** The bar of folded jobs, from the first creation to the last end. */
export function groupBar({ from, to }: JobGroup, context: BarContext): Html {
  const { scale } = context;
  return bar([
    stretch("group", from, to ?? scale.to, scale),
    to === undefined && mark({ type: "unfinished", at: scale.to }, scale),
  ], context);
}

function bar(parts: readonly (Html | false)[], { lines, scale }: BarContext): Html {
  return html`<svg class="bar" aria-hidden="true"><use href="#ticks"/>${
    lines.map((line) => dependencyLine(line, scale))
  }${parts.filter(Boolean)}</svg>`;
}

function dependencyLine({ at, isFirst, isLast }: LinePart, scale: AxisScale): Html {
  const x = percent(positionOf(at, scale));
  return html`
    <line class="depends" x1="${x}" x2="${x}" y1="${isFirst ? 12 : 0}" y2="${isLast ? 12 : 24}" />
  `;
}

// In percent, so that the shortest attempt is visible.
const MIN_WIDTH = 0.4;

function stretch(kind: string, from: number, to: number, scale: AxisScale): Html {
  const width = Math.max(MIN_WIDTH, positionOf(to, scale) - positionOf(from, scale));
  const x = Math.min(positionOf(from, scale), 100 - MIN_WIDTH);
  return html`
    <rect class="${kind}" x="${percent(x)}" width="${percent(width)}" y="${kind === "path"
      ? 18
      : 8}"
      height="${kind === "path" ? 2 : 8}" />
  `;
}

function mark({ type, at }: TimelineMark, scale: AxisScale): Html {
  return html`
    <use href="#mark-${type}" class="${type}" x="${percent(positionOf(at, scale))}" />
  `;
}

function percent(value: number): string {
  return `${Math.round(value * 100) / 100}%`;
}
