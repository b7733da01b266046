/**
 * A timeline of jobs as a waterfall.
 *
 * @module
 */
import { html } from "hono/html";
import { decisiveDependency, type PathStretch } from "../../queue/critical_path.ts";
import {
  type Timeline,
  timelineLabels,
  type TimelineMarkType,
  type TimelineRow,
} from "../../queue/timeline.ts";
import type { Links } from "../links.ts";
import type { Html } from "../view.ts";
import { statusMark } from "../elements.ts";
import { barSymbols, groupBar, jobBar, markIcon } from "./bar.ts";
import { type FoldRow, rowsOf, type SingleRow, type TraceRow, type WaterfallRow } from "./rows.ts";
import { dependencyLines, type LinePart } from "./dependency_lines.ts";
import { type AxisScale, axisScale, labelsOf, ticksOf } from "./scale.ts";
import { durationText } from "../../duration.ts";
import { counted, describeGroup, describeJob, dueText, namesOf, number } from "./descriptions.ts";

/** Which part of a waterfall is shown. */
export interface WaterfallState {
  /** The keys of the folded rows that are expanded. */
  readonly open: readonly string[];
  /** The number of rows before the first one that is shown. */
  readonly from: number;
  /** The correlation id, if it is in the query of the address. */
  readonly correlationId: string | null;
}

/** The maximum number of rows on one page. */
const MAX_ROWS = 500;

/** What all rows of a waterfall have in common. */
interface RowContext {
  readonly timeline: Timeline;
  readonly scale: AxisScale;
  readonly path: ReadonlyMap<TimelineRow, readonly PathStretch[]>;
  /** By the place of the row. */
  readonly lines: readonly (readonly LinePart[])[];
  readonly to: Links;
  readonly state: WaterfallState;
}

/** The waterfall of a timeline that has jobs. */
export function waterfall(
  timeline: Timeline,
  path: readonly PathStretch[],
  state: WaterfallState,
  to: Links,
): Html {
  const rows = rowsOf(timeline, new Set(state.open));
  const from = Math.min(state.from, Math.floor((rows.length - 1) / MAX_ROWS) * MAX_ROWS);
  const shown = rows.slice(from, from + MAX_ROWS);
  const scale = axisScale(timeline);
  const stretchesOf = new Map<TimelineRow, PathStretch[]>();
  for (const one of path) stretchesOf.set(one.row, [...stretchesOf.get(one.row) ?? [], one]);
  const lines = dependencyLines(shown, timeline);
  const context = { timeline, scale, path: stretchesOf, lines, to, state };
  return html`
    ${barSymbols(scale)}
    <div class="axis"
      aria-hidden="true"><span></span><svg class="bar"><use href="#ticks"/>${labelsOf(
        ticksOf(scale),
      ).map(({ place, text, isAtLeft }) =>
        html`
          <text x="${place}%" y="16" dx="${isAtLeft ? -3 : 3}" ${isAtLeft
            ? html`text-anchor="end"`
            : ""}>${text}</text>
        `
      )}</svg><span></span><span class="duration">waited</span><span class="duration">ran</span></div>
    <ol id="waterfall" class="waterfall" start="${from + 1}">
    ${shown.map((row, i) => rowOf(row, i, context))}
    </ol>
    ${rows.length > MAX_ROWS ? pager(rows.length, from, state) : ""}
    ${legend()}
  `;
}

function rowOf(row: WaterfallRow, place: number, context: RowContext): Html {
  if (row.kind === "trace") return traceRow(row, context);
  return row.kind === "fold" ? foldRow(row, place, context) : jobRow(row, place, context);
}

function jobRow({ row }: SingleRow, place: number, context: RowContext): Html {
  const { timeline, scale, to } = context;
  const { level, job: { id, queueName, status }, waitedMs, ranMs, runs } = row;
  const bar = { scale, lines: context.lines[place] ?? [], path: context.path.get(row) ?? [] };
  const words = describeJob(row, (other) => timeline.rows.get(other)?.job.queueName, {
    now: timeline.to,
    isCritical: bar.path.length > 0,
  });
  const after = waitedFor(row, timeline);
  const due = dueText(row, timeline.to);
  return html`
    <li id="${id}"
      class="row ${status}"><span class="name${indent(level)}"><a href="${to.job(
        id,
      )}" aria-describedby="w${place}">${queueName}</a>${level > 0
        ? html`<span class="visually-hidden"> level ${level + 1}</span>`
        : ""}${after === undefined ? "" : html`
        <span class="note">${after}</span>
      `}</span>${jobBar(row, bar)}${statusMark(
        status,
      )}<span class="duration" data-label="waited">${durationText(
        waitedMs,
      )}</span><span class="duration" data-label="${due === undefined ? "ran" : "due"}">${due ??
        (runs.length === 0
          ? "–"
          : durationText(ranMs))}</span><p class="description" id="w${place}">${words}</p></li>
  `;
}

/** What a job waits or waited for, by name. */
function waitedFor(row: TimelineRow, { rows }: Timeline): string | undefined {
  const nameOf = (id: string) => rows.get(id)?.job.queueName;
  if (row.job.status === "blocked") {
    const open = row.job.dependsOn.filter((id) => rows.get(id)?.isUnfinished ?? true);
    return `waits for ${namesOf(open, nameOf)}`;
  }
  const dependency = decisiveDependency(row, rows);
  return dependency && `after ${dependency.job.queueName}`;
}

function foldRow(row: FoldRow, place: number, context: RowContext): Html {
  const { timeline, scale, state } = context;
  const { key, queueName, count, group, level, isOpen } = row;
  const open = isOpen ? state.open.filter((one) => one !== key) : [...state.open, key];
  const words = describeGroup(group, timeline.to);
  return html`
    <li id="${key}"
      class="row fold"><span class="name${indent(level)}"><a href="${stateAddress({
        ...state,
        open,
      })}" aria-expanded="${String(
        isOpen,
      )}" aria-describedby="w${place}"><span aria-hidden="true">${isOpen
        ? "▾"
        : "▸"}</span> ${number(count)} × ${queueName}</a></span>${groupBar(
          group,
          { scale, lines: context.lines[place] ?? [], path: [] },
        )}<span class="status">${counted(
          group.jobs,
          "job",
        )}</span><span class="duration" data-label="in">${durationText(
          (group.to ?? timeline.to) - group.from,
        )}</span><p class="description" id="w${place}">${words}</p></li>
  `;
}

function traceRow({ traceId }: TraceRow, { to }: RowContext): Html {
  return html`
    <li class="row trace"><span class="name">Trace <a href="${to.trace(
      traceId,
    )}">${traceId}</a></span></li>
  `;
}

/** The indent has a limit; the description names the parent, too. */
function indent(level: number): string {
  return level === 0 ? "" : ` l${Math.min(level, 12)}`;
}

function pager(rows: number, from: number, state: WaterfallState): Html {
  const to = Math.min(from + MAX_ROWS, rows);
  const at = (start: number) => stateAddress({ ...state, from: start });
  return html`
    <nav class="pager"
      aria-label="Rows">${from > 0
        ? html`<a href="${at(Math.max(0, from - MAX_ROWS))}" rel="prev">Previous rows</a>`
        : ""} <span>Rows ${number(from + 1)} to ${number(to)} of ${number(rows)}</span> ${to < rows
        ? html`<a href="${at(to)}" rel="next">Next rows</a>`
        : ""}</nav>
  `;
}

function stateAddress({ open, from, correlationId }: WaterfallState): string {
  const query = new URLSearchParams(open.map((key) => ["open", key]));
  if (correlationId !== null) query.set("correlationId", correlationId);
  if (from > 0) query.set("from", String(from));
  return `?${query}`;
}

const marks: readonly TimelineMarkType[] = [
  "retried",
  "failed",
  "cancelled",
  "unblocked",
  "linked",
  "unfinished",
];

/** The legend. */
function legend(): Html {
  const sample = (kind: string) =>
    html`
      <svg class="sign" viewBox="0 0 14 14" aria-hidden="true">
        <rect class="${kind}" y="3" width="14" height="8" />
      </svg>
    `;
  return html`
    <ul
      class="legend"><li>${sample("wait")} ${timelineLabels.waiting}</li><li>${sample(
        "run completed",
      )} ${timelineLabels.running}</li><li>${sample("path")} critical path</li>${marks.map((mark) =>
        html`<li>${markIcon(mark)} ${timelineLabels[mark]}</li>`
      )}</ul>
  `;
}
