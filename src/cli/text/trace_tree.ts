/**
 * A trace as a tree of jobs, each with a bar on one time scale: light while it waits, solid while it
 * runs, with a mark where an attempt ended without success.
 *
 * @module
 */
import { durationText } from "../../duration.ts";
import { criticalPath, criticalPathText, type PathStretch } from "../../queue/critical_path.ts";
import type { JobTree } from "../../queue/job_tree.ts";
import {
  outcomeText,
  type Timeline,
  timeline,
  timelineLabels,
  type TimelineMarkType,
  type TimelineRow,
  type TimeScale,
} from "../../queue/timeline.ts";
import { type Color, columnsOf, statusColor, type Style } from "./style.ts";
import { shortIds } from "./short_ids.ts";
import { cut, flowed, padded, printable, widthOf, wrapped } from "./width.ts";

const STATUS_WIDTH = 9;
const TIME_WIDTH = 6;
const LEAST_CELLS = 16;
const GAPS = 2 * 4;
const MOST_NOTE_LINES = 2;

interface TreeRow {
  readonly job: TimelineRow;
  /** The branches before its name. */
  readonly branch: string;
  /** The branches before the notes below it. */
  readonly below: string;
}

/** The lines of the tree; below each job its failed attempts, and why it is blocked or cancelled. */
export function traceTree(tree: JobTree, now: number, style: Style): readonly string[] {
  const times = timeline(tree, now);
  const rows = withBranches(times.roots);
  const ids = [...times.rows.keys()];
  const short = style.isTerminal ? shortIds(ids) : (id: string) => id;
  const idWidth = short(ids[0]!).length;
  const labelWidth = labelWidthOf(rows, idWidth, style);
  const space = style.columns - labelWidth - STATUS_WIDTH - TIME_WIDTH - GAPS;
  const cells = Math.max(LEAST_CELLS, space - (style.isTerminal ? idWidth : 8));
  const scale: CellScale = { ...times, cells };
  const path = rows.length > 1 ? criticalPath(times) : [];
  const critical = new Set(path.map(({ row }) => row));
  const lines = rows.flatMap((row) => [
    rowLine(row, short(row.job.job.id), critical.has(row.job), labelWidth, scale, style),
    ...notesOf(row.job).flatMap((note) => noteLines(row, note, style)),
  ]);
  return [
    ...headLines(times, style),
    "",
    ...lines,
    axisLine(labelWidth, scale, style),
    "",
    ...pathLines(path, style),
    ...legendLines(style),
  ];
}

function withBranches(jobs: readonly TimelineRow[], below = ""): readonly TreeRow[] {
  return jobs.flatMap((job, i) => {
    const isTop = job.level === 0;
    const isLast = i === jobs.length - 1;
    const branch = isTop ? "" : below + (isLast ? "└ " : "├ ");
    const under = isTop ? "" : below + (isLast ? "  " : "│ ");
    const hasChildren = job.children.length > 0;
    return [
      { job, branch, below: under + (hasChildren ? "│ " : "  ") },
      ...withBranches(job.children, under),
    ];
  });
}

function labelWidthOf(rows: readonly TreeRow[], idWidth: number, style: Style): number {
  const widest = Math.max(...rows.map((row) => widthOf(labelOf(row))));
  if (!style.isTerminal) return widest;
  const space = style.columns - idWidth - STATUS_WIDTH - TIME_WIDTH - GAPS - LEAST_CELLS;
  return Math.max(8, Math.min(widest, space));
}

function headLines({ from, to, roots, rows }: Timeline, style: Style): readonly string[] {
  const { traceId, correlationId = "" } = roots[0]!.job;
  const traces = new Set([...rows.values()].map(({ job }) => job.traceId)).size;
  const name = traces === 1 ? `trace ${printable(traceId)}` : `${traces} traces`;
  const count = rows.size === 1 ? "1 job" : `${rows.size.toLocaleString("en")} jobs`;
  const correlation = correlationId === "" ? [] : [cut(printable(correlationId), columnsOf(style))];
  return flowed(
    [name, ...correlation, `${count}  ${durationText(to - from)}`],
    columnsOf(style),
    (text, i) => i === 0 ? style.paint("bold", text) : text,
  );
}

function rowLine(
  row: TreeRow,
  id: string,
  isCritical: boolean,
  labelWidth: number,
  scale: CellScale,
  style: Style,
): string {
  const { job: { status }, from, to } = row.job;
  const label = cut(labelOf(row), style.isTerminal ? labelWidth : Infinity);
  return [
    (isCritical ? style.paint("bold", label) : label) +
    " ".repeat(Math.max(0, labelWidth - widthOf(label))),
    barOf(row.job, scale, style),
    style.paint(statusColor[status], status) + " ".repeat(STATUS_WIDTH - status.length),
    padded(durationText(to - from), TIME_WIDTH, true),
    style.paint("dim", printable(id)),
  ].join("  ");
}

function labelOf({ branch, job: { job } }: TreeRow): string {
  return branch + printable(job.queueName);
}

/** Each attempt that did not complete, and why the job was cancelled or waits. */
function notesOf({ runs, note }: TimelineRow): readonly string[] {
  const failures = runs.filter(({ isFailure }) => isFailure).map(({ attempt }) => {
    const what = `attempt ${attempt.attempt} ${outcomeText(attempt)}`;
    return attempt.error === undefined ? what : `${what}: ${attempt.error.message}`;
  });
  return note === undefined ? failures : [...failures, note];
}

function noteLines({ job: { job }, below }: TreeRow, note: string, style: Style): string[] {
  const color = job.status === "failed" ? "red" : "yellow";
  const indent = cut(below, columnsOf(style) / 2);
  return wrapped(printable(note), columnsOf(style) - widthOf(indent), MOST_NOTE_LINES)
    .map((line) => style.paint(color, indent + line));
}

/** The two ends of the scale under the bars. */
function axisLine(labelWidth: number, { from, to, cells }: CellScale, style: Style): string {
  const end = durationText(to - from);
  return style.paint("dim", " ".repeat(labelWidth + 2) + "0" + end.padStart(cells - 1));
}

const MOST_PATH_LINES = 4;

/** The jobs that decided when the trace ended, one after the other, and what took longest of that. */
function pathLines(path: readonly PathStretch[], style: Style): readonly string[] {
  if (path.length === 0) return [];
  const names = [...new Set(path.map(({ row }) => row))].map(({ job }) => job.queueName);
  const order = names.length === 1 ? "" : `${names.join(" → ")}: `;
  const text = `Critical path: ${order}${criticalPathText(path)}`;
  return [...wrapped(printable(text), columnsOf(style), MOST_PATH_LINES), ""];
}

/** The time scale of all bars. */
interface CellScale extends TimeScale {
  /** The number of cells between its ends. */
  readonly cells: number;
}

interface Sign {
  readonly character: string;
  readonly color: Color;
}

const waiting: Sign = { character: "░", color: "dim" };
const running: Sign = { character: "█", color: "blue" };
const completed: Sign = { character: "█", color: "green" };
const signs: Readonly<Record<Exclude<TimelineMarkType, "unblocked" | "linked">, Sign>> = {
  retried: { character: "↻", color: "yellow" },
  failed: { character: "✗", color: "red" },
  cancelled: { character: "⊘", color: "yellow" },
  unfinished: { character: "▸", color: "dim" },
};

function legendLines(style: Style): readonly string[] {
  const legend = Object.entries({ waiting, running: completed, ...signs });
  const texts = legend.map(([name, { character }]) =>
    `${character} ${timelineLabels[name as keyof typeof timelineLabels]}`
  );
  return flowed(texts, columnsOf(style), (text, i) => {
    const { character, color } = legend[i]![1];
    return style.paint(color, character) + text.slice(character.length);
  });
}

function barOf({ from, to, runs, marks }: TimelineRow, scale: CellScale, style: Style): string {
  const cells: (Sign | undefined)[] = Array.from({ length: scale.cells });
  const fill = (from: number, to: number, sign: Sign) =>
    cells.fill(sign, cellOf(from, scale), cellOf(to, scale) + 1);
  fill(from, to, waiting);
  for (const { from, to, attempt } of runs) {
    fill(from, to, attempt.outcome === "completed" ? completed : running);
  }
  for (const { type, at } of marks) {
    if (type !== "unblocked" && type !== "linked") cells[cellOf(at, scale)] = signs[type];
  }
  return paintedSigns(cells, style);
}

function cellOf(time: number, { from, to, cells }: CellScale): number {
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
