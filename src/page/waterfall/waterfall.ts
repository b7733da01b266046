/**
 * A timeline of jobs as a waterfall.
 *
 * @module
 */
import { html } from "hono/html";
import { type Timeline, timelineLabels, type TimelineMarkType } from "../../queue/timeline.ts";
import type { Links } from "../links.ts";
import type { Html } from "../view.ts";
import { statusMark } from "../elements.ts";
import { barSymbols, groupBar, jobBar, markIcon } from "./bar.ts";
import { type FoldRow, rowsOf, type SingleRow, type TraceRow, type WaterfallRow } from "./rows.ts";
import { labelsOf, ticksOf } from "./scale.ts";
import { durationText } from "../../duration.ts";
import { counted, describeGroup, describeJob, durationOf, number } from "./descriptions.ts";

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
  readonly to: Links;
  readonly state: WaterfallState;
}

/** The waterfall of a timeline that has jobs. */
export function waterfall(timeline: Timeline, state: WaterfallState, to: Links): Html {
  const rows = rowsOf(timeline, new Set(state.open));
  const from = Math.min(state.from, Math.floor((rows.length - 1) / MAX_ROWS) * MAX_ROWS);
  const shown = rows.slice(from, from + MAX_ROWS);
  const context = { timeline, to, state };
  return html`
    ${barSymbols(timeline)}
    <div class="axis"
      aria-hidden="true"><span></span><svg class="bar"><use href="#ticks"/>${labelsOf(
        ticksOf(timeline),
      ).map(({ place, text, isAtLeft }) =>
        html`
          <text x="${place}%" y="16" dx="${isAtLeft ? -3 : 3}" ${isAtLeft
            ? html`text-anchor="end"`
            : ""}>${text}</text>
        `
      )}</svg></div>
    <ol class="waterfall" start="${from + 1}">
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

function jobRow({ row }: SingleRow, place: number, { timeline, to }: RowContext): Html {
  const { level, job: { id, queueName, status } } = row;
  const words = describeJob(row, (other) => timeline.rows.get(other)?.job.queueName);
  return html`
    <li id="${id}"
      class="row ${status}"><span class="name${indent(level)}"><a href="${to.job(
        id,
      )}" aria-describedby="w${place}">${queueName}</a>${level > 0
        ? html`<span class="visually-hidden"> level ${level + 1}</span>`
        : ""}</span>${jobBar(row, timeline)}${statusMark(
          status,
        )}<span class="duration">${durationOf(
          row,
        )}</span><p class="description" id="w${place}">${words}</p></li>
  `;
}

function foldRow(row: FoldRow, place: number, { timeline, state }: RowContext): Html {
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
          timeline,
        )}<span class="status">${counted(
          group.jobs,
          "job",
        )}</span><span class="duration">${durationText(
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
  return html`<ul class="legend"><li>${sample("wait")} ${timelineLabels.waiting}</li><li>${
    sample("run completed")
  } ${timelineLabels.running}</li>${
    marks.map((mark) => html`<li>${markIcon(mark)} ${timelineLabels[mark]}</li>`)
  }</ul>`;
}
