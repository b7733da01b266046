/**
 * A trace as a tree of jobs, each with a bar on one time scale: light while it waits, solid while it
 * runs, with a mark where an attempt ended without success.
 *
 * @module
 */
import type { Attempt } from "../../job/job.ts";
import type { JobNode, JobTree } from "../../queue/job_tree.ts";
import { durationText } from "../../duration.ts";
import { hasEnded } from "../../job/status.ts";
import { type Color, statusColor, type Style } from "./style.ts";
import { shortIds } from "./short_ids.ts";
import { cut, padded, printable, widthOf } from "./width.ts";

const STATUS_WIDTH = 9;
const TIME_WIDTH = 6;
const LEAST_CELLS = 16;
const GAPS = 2 * 4;

interface Row {
  readonly node: JobNode;
  /** The branches before its name. */
  readonly branch: string;
  /** The branches before the notes below it. */
  readonly below: string;
}

/** The lines of the tree; below each job its failed attempts, and why it is blocked or cancelled. */
export function traceTree(tree: JobTree, now: number, style: Style): readonly string[] {
  const rows = inOrder(tree.roots);
  const ids = rows.map(({ node }) => node.job.id);
  const short = style.isTerminal ? shortIds(ids) : (id: string) => id;
  const idWidth = short(ids[0]!).length;
  const labelWidth = labelWidthOf(rows, idWidth, style);
  const space = style.columns - labelWidth - STATUS_WIDTH - TIME_WIDTH - GAPS;
  const cells = Math.max(LEAST_CELLS, space - (style.isTerminal ? idWidth : 8));
  const scale: Scale = {
    from: tree.startedAt!.getTime(),
    to: Math.max(tree.finishedAt?.getTime() ?? now, tree.startedAt!.getTime() + 1),
    cells,
  };
  const lines = rows.flatMap((row) => [
    rowLine(row, short(row.node.job.id), labelWidth, scale, style),
    ...notesOf(row.node).map((note) => noteLine(row, note, style)),
  ]);
  return [
    headLine(tree, rows, scale, style),
    "",
    ...lines,
    axisLine(labelWidth, scale, style),
    "",
    legendLine(style),
  ];
}

function inOrder(
  nodes: readonly JobNode[],
  below = "",
  isTop = true,
): readonly Row[] {
  return nodes.flatMap((node, i) => {
    const isLast = i === nodes.length - 1;
    const branch = isTop ? "" : below + (isLast ? "└ " : "├ ");
    const under = isTop ? "" : below + (isLast ? "  " : "│ ");
    const hasChildren = node.children.length > 0;
    return [
      { node, branch, below: under + (hasChildren ? "│ " : "  ") },
      ...inOrder(node.children, under, false),
    ];
  });
}

function labelWidthOf(rows: readonly Row[], idWidth: number, style: Style): number {
  const widest = Math.max(...rows.map((row) => widthOf(labelOf(row))));
  if (!style.isTerminal) return widest;
  const space = style.columns - idWidth - STATUS_WIDTH - TIME_WIDTH - GAPS - LEAST_CELLS;
  return Math.max(8, Math.min(widest, space));
}

function headLine(
  { jobs }: JobTree,
  rows: readonly Row[],
  { from, to }: Scale,
  style: Style,
): string {
  const { traceId, correlationId = "" } = rows[0]!.node.job;
  const traces = new Set(rows.map(({ node }) => node.job.traceId)).size;
  const name = traces === 1 ? `trace ${printable(traceId)}` : `${traces} traces`;
  const count = jobs.length === 1 ? "1 job" : `${jobs.length.toLocaleString("en")} jobs`;
  const after = `${count}  ${durationText(to - from)}`;
  const space = style.isTerminal ? style.columns - name.length - after.length - 4 : Infinity;
  const correlation = correlationId === "" ? [] : [cut(printable(correlationId), space)];
  return [style.paint("bold", name), ...correlation, after].join("  ");
}

function rowLine(
  row: Row,
  id: string,
  labelWidth: number,
  scale: Scale,
  style: Style,
): string {
  const { node } = row;
  const { status, createdAt, finishedAt } = node.job;
  const end = finishedAt?.getTime() ?? scale.to;
  const label = cut(labelOf(row), style.isTerminal ? labelWidth : Infinity);
  return [
    padded(label, labelWidth),
    barOf(node, scale, style),
    style.paint(statusColor[status], status) + " ".repeat(STATUS_WIDTH - status.length),
    padded(durationText(end - createdAt.getTime()), TIME_WIDTH, true),
    style.paint("dim", printable(id)),
  ].join("  ");
}

function labelOf({ branch, node }: Row): string {
  return branch + printable(node.job.queueName);
}

/** Each attempt that did not complete, and why the job was cancelled or waits. */
function notesOf({ job, attempts }: JobNode): readonly string[] {
  const notes = attempts.filter(({ outcome }) => outcome !== "completed" && outcome !== "running")
    .map(noteOf);
  const isNoted = attempts.at(-1)?.outcome === "cancelled";
  if (job.status === "cancelled" && !isNoted) notes.push(`cancelled: ${job.error?.message ?? ""}`);
  if (job.status === "blocked") notes.push(`waits for ${job.dependsOn.join(" ")}`);
  return notes;
}

function noteOf({ attempt, outcome, startedAt, finishedAt, error }: Attempt): string {
  const after = durationText(finishedAt!.getTime() - startedAt.getTime());
  const what = `attempt ${attempt} ${outcome.replaceAll("_", " ")} after ${after}`;
  return error === undefined ? what : `${what}: ${error.message}`;
}

function noteLine({ node, below }: Row, note: string, style: Style): string {
  const text = below + printable(note);
  const color = node.job.status === "failed" ? "red" : "yellow";
  return style.paint(color, style.isTerminal ? cut(text, style.columns) : text);
}

/** The two ends of the scale under the bars. */
function axisLine(labelWidth: number, { from, to, cells }: Scale, style: Style): string {
  const end = durationText(to - from);
  return style.paint("dim", " ".repeat(labelWidth + 2) + "0" + end.padStart(cells - 1));
}

/** The time scale of all bars. */
interface Scale {
  /** The first moment, in ms since 1970. */
  readonly from: number;
  /** The last one: the end of the trace, or now. */
  readonly to: number;
  /** The number of cells between them. */
  readonly cells: number;
}

interface Sign {
  readonly character: string;
  readonly color: Color;
}

const waiting: Sign = { character: "░", color: "dim" };
const running: Sign = { character: "█", color: "blue" };
const completed: Sign = { character: "█", color: "green" };
const retried: Sign = { character: "↻", color: "yellow" };
const failed: Sign = { character: "✗", color: "red" };
const cancelled: Sign = { character: "⊘", color: "yellow" };
const unfinished: Sign = { character: "▸", color: "dim" };

const legend: readonly (readonly [sign: Sign, meaning: string])[] = [
  [waiting, "waiting"],
  [completed, "running"],
  [retried, "retried"],
  [failed, "failed"],
  [cancelled, "cancelled"],
  [unfinished, "unfinished"],
];

function legendLine(style: Style): string {
  return legend.map(([{ character, color }, meaning]) =>
    `${style.paint(color, character)} ${meaning}`
  )
    .join("  ");
}

function barOf({ job, attempts }: JobNode, scale: Scale, style: Style): string {
  const signs: (Sign | undefined)[] = Array.from({ length: scale.cells });
  const fill = (from: number, to: number, sign: Sign) =>
    signs.fill(sign, cellOf(from, scale), cellOf(to, scale) + 1);
  const end = job.finishedAt?.getTime() ?? scale.to;
  fill(job.createdAt.getTime(), end, waiting);
  for (const { startedAt, finishedAt, outcome } of attempts) {
    const sign = outcome === "completed" ? completed : running;
    fill(startedAt.getTime(), finishedAt?.getTime() ?? scale.to, sign);
  }
  // The marks come last, so that no run of the same time covers them.
  for (const attempt of attempts) {
    const { finishedAt, outcome } = attempt;
    if (outcome === "completed" || outcome === "running" || outcome === "cancelled") continue;
    const isLast = job.status === "failed" && attempt === attempts.at(-1);
    signs[cellOf(finishedAt!.getTime(), scale)] = isLast ? failed : retried;
  }
  if (job.status === "cancelled") signs[cellOf(end, scale)] = cancelled;
  if (!hasEnded(job.status)) signs[scale.cells - 1] = unfinished;
  return paintedSigns(signs, style);
}

function cellOf(time: number, { from, to, cells }: Scale): number {
  const part = to > from ? (time - from) / (to - from) : 0;
  return Math.max(0, Math.min(cells - 1, Math.floor(part * cells)));
}

/** Paints neighbors of one color together. */
function paintedSigns(signs: readonly (Sign | undefined)[], style: Style): string {
  let line = "";
  for (let i = 0; i < signs.length;) {
    const color = signs[i]?.color;
    let text = "";
    for (; i < signs.length && signs[i]?.color === color; i++) text += signs[i]?.character ?? " ";
    line += color === undefined ? text : style.paint(color, text);
  }
  return line;
}
