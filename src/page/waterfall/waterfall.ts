/**
 * A tree of jobs as a waterfall.
 *
 * @module
 */
import { html } from "hono/html";
import type { JobNode, JobTree } from "../../queue/job_tree.ts";
import type { Addresses } from "../links.ts";
import type { Html } from "../view.ts";
import { statusMark } from "../elements.ts";
import { barDefinitions, familyBar, jobBar, type Mark, markSign } from "./bar.ts";
import { parentsFirst } from "./families.ts";
import { type FoldRow, type JobRow, type Row, rowsOf, type TraceRow } from "./rows.ts";
import { type Scale, scaleOf, ticksOf } from "./scale.ts";
import { durationText } from "../../duration.ts";
import { counted, familyWords, jobWords, lengthOf, number } from "./descriptions.ts";

/** What of a waterfall is looked at. */
export interface WaterfallState {
  /** The keys of the folded rows that are opened. */
  readonly open: readonly string[];
  /** How many rows are passed over. */
  readonly from: number;
  /** The business process, where the address says it in its query. */
  readonly correlationId: string | null;
}

/** As many rows are shown at once. */
const ROWS_AT_ONCE = 500;

/** What all rows of a waterfall need. */
interface RowContext {
  readonly scale: Scale;
  readonly nodes: ReadonlyMap<string, JobNode>;
  readonly to: Addresses;
  readonly cut: WaterfallState;
  readonly now: number;
}

/** The waterfall of a tree that has jobs. */
export function waterfall(tree: JobTree, cut: WaterfallState, to: Addresses, now: number): Html {
  const scale = scaleOf(tree, now);
  const rows = rowsOf(tree.roots, new Set(cut.open));
  const from = Math.min(cut.from, Math.floor((rows.length - 1) / ROWS_AT_ONCE) * ROWS_AT_ONCE);
  const shown = rows.slice(from, from + ROWS_AT_ONCE);
  const nodes = new Map(parentsFirst(tree.roots).map((node) => [node.job.id, node]));
  const surroundings = { scale, nodes, to, cut, now };
  return html`
    ${barDefinitions(scale)}
    <div class="axis"
      aria-hidden="true"><span></span><svg class="bar"><use href="#ticks"/>${ticksOf(scale).map((
        { place, text },
      ) =>
        html`
          <text x="${place}%" y="16" dx="${place > 90 ? -3 : 3}" ${place > 90
            ? html`
              text-anchor="end"
            `
            : ""}>${text}</text>
        `
      )}</svg></div>
    <ol class="waterfall" start="${from + 1}">
    ${shown.map((row, i) => rowOf(row, i, surroundings))}
    </ol>
    ${rows.length > ROWS_AT_ONCE ? pager(rows.length, from, cut) : ""}
    ${legend()}
  `;
}

function rowOf(row: Row, place: number, surroundings: RowContext): Html {
  if (row.kind === "trace") return traceRow(row, surroundings);
  return row.kind === "fold" ? foldRow(row, place, surroundings) : jobRow(row, place, surroundings);
}

function jobRow({ node, level }: JobRow, place: number, surroundings: RowContext): Html {
  const { scale, nodes, to, now } = surroundings;
  const { id, queueName, status } = node.job;
  const words = jobWords(node, (other) => nodes.get(other)?.job.queueName, now);
  return html`
    <li id="${id}"
      class="row ${status}"><span class="name${indent(level)}"><a href="${to.job(
        id,
      )}" aria-describedby="w${place}">${queueName}</a>${level > 0
        ? html`<span class="unseen"> level ${level + 1}</span>`
        : ""}</span>${jobBar(node, unblockedAt(node, nodes), scale)}${statusMark(
          status,
        )}<span class="length">${lengthOf(
          node,
          now,
        )}</span><p class="words" id="w${place}">${words}</p></li>
  `;
}

function foldRow(row: FoldRow, place: number, { scale, cut, now }: RowContext): Html {
  const { key, queueName, count, family, level, isOpen } = row;
  const open = isOpen ? cut.open.filter((one) => one !== key) : [...cut.open, key];
  const words = familyWords(family, now);
  return html`
    <li id="${key}"
      class="row fold"><span class="name${indent(level)}"><a href="${cutAddress({
        ...cut,
        open,
      })}" aria-expanded="${String(
        isOpen,
      )}" aria-describedby="w${place}"><span aria-hidden="true">${isOpen
        ? "▾"
        : "▸"}</span> ${number(count)} × ${queueName}</a></span>${familyBar(
          family,
          scale,
        )}<span class="status">${counted(
          family.jobs,
          "job",
        )}</span><span class="length">${durationText(
          (family.to ?? now) - family.from,
        )}</span><p class="words" id="w${place}">${words}</p></li>
  `;
}

function traceRow({ traceId }: TraceRow, { to }: RowContext): Html {
  return html`
    <li class="row trace"><span class="name">Trace <a href="${to.trace(
      traceId,
    )}">${traceId}</a></span></li>
  `;
}

/** Deep trees go on at the same indent: what lies below what is said in words too. */
function indent(level: number): string {
  return level === 0 ? "" : ` l${Math.min(level, 12)}`;
}

/** When the last dependency had ended, if all are known to have. */
function unblockedAt({ job }: JobNode, nodes: ReadonlyMap<string, JobNode>): number | undefined {
  const ends = job.dependsOn.map((id) => nodes.get(id)?.job.finishedAt?.getTime());
  const last = Math.max(...ends.map((end) => end ?? Infinity));
  return Number.isFinite(last) ? last : undefined;
}

function pager(rows: number, from: number, cut: WaterfallState): Html {
  const to = Math.min(from + ROWS_AT_ONCE, rows);
  const at = (start: number) => cutAddress({ ...cut, from: start });
  return html`
    <nav class="pager"
      aria-label="Rows">${from > 0
        ? html`<a href="${at(Math.max(0, from - ROWS_AT_ONCE))}" rel="prev">Rows before</a>`
        : ""} <span>Rows ${number(from + 1)} to ${number(to)} of ${number(rows)}</span> ${to < rows
        ? html`<a href="${at(to)}" rel="next">Rows after</a>`
        : ""}</nav>
  `;
}

function cutAddress({ open, from, correlationId }: WaterfallState): string {
  const query = new URLSearchParams(open.map((key) => ["open", key]));
  if (correlationId !== null) query.set("correlationId", correlationId);
  if (from > 0) query.set("from", String(from));
  return `?${query}`;
}

const marks: readonly (readonly [Mark | "goes-on", string])[] = [
  ["retried", "tried again"],
  ["failed", "failed"],
  ["cancelled", "cancelled"],
  ["unblocked", "what it waited for had ended"],
  ["linked", "ran in a linked trace"],
  ["goes-on", "goes on"],
];

/** The legend. */
function legend(): Html {
  const sample = (kind: string) =>
    html`
      <svg class="sign" viewBox="0 0 14 14" aria-hidden="true">
        <rect class="${kind}" y="3" width="14" height="8" />
      </svg>
    `;
  return html`<ul class="legend"><li>${sample("wait")} waits</li><li>${
    sample("run completed")
  } runs</li>${marks.map(([mark, text]) => html`<li>${markSign(mark)} ${text}</li>`)}</ul>`;
}
