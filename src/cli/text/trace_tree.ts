/**
 * A trace as a tree of jobs with bars on one time scale.
 *
 * @module
 */
import type { Attempt } from "../../job/job.ts";
import type { JobNode, JobTree } from "../../queue/job_tree.ts";
import { durationText } from "../../duration.ts";
import { barOf, legendLine, type Scale } from "./bar.ts";
import { type Look, statusInk } from "./look.ts";
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
  /** The branches before what is said below it. */
  readonly below: string;
}

/** The lines of the tree, with what its jobs and attempts died of below each. */
export function traceTree(tree: JobTree, now: number, look: Look): readonly string[] {
  const rows = inOrder(tree.roots);
  const ids = rows.map(({ node }) => node.job.id);
  const short = look.isTerminal ? shortIds(ids) : (id: string) => id;
  const idWidth = short(ids[0]!).length;
  const labelWidth = labelWidthOf(rows, idWidth, look);
  const space = look.columns - labelWidth - STATUS_WIDTH - TIME_WIDTH - GAPS;
  const cells = Math.max(LEAST_CELLS, space - (look.isTerminal ? idWidth : 8));
  const scale: Scale = {
    from: tree.startedAt!.getTime(),
    to: Math.max(tree.finishedAt?.getTime() ?? now, tree.startedAt!.getTime() + 1),
    cells,
  };
  const lines = rows.flatMap((row) => [
    rowLine(row, short(row.node.job.id), labelWidth, scale, look),
    ...notesOf(row.node).map((note) => noteLine(row, note, look)),
  ]);
  return [
    headLine(tree, rows, scale, look),
    "",
    ...lines,
    axisLine(labelWidth, scale, look),
    "",
    legendLine(look),
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

function labelWidthOf(rows: readonly Row[], idWidth: number, look: Look): number {
  const widest = Math.max(...rows.map((row) => widthOf(labelOf(row))));
  if (!look.isTerminal) return widest;
  const space = look.columns - idWidth - STATUS_WIDTH - TIME_WIDTH - GAPS - LEAST_CELLS;
  return Math.max(8, Math.min(widest, space));
}

function headLine(
  { jobs }: JobTree,
  rows: readonly Row[],
  { from, to }: Scale,
  look: Look,
): string {
  const { traceId, correlationId = "" } = rows[0]!.node.job;
  const traces = new Set(rows.map(({ node }) => node.job.traceId)).size;
  const name = traces === 1 ? `trace ${printable(traceId)}` : `${traces} traces`;
  const count = jobs.length === 1 ? "1 job" : `${jobs.length.toLocaleString("en")} jobs`;
  const after = `${count}  ${durationText(to - from)}`;
  const space = look.isTerminal ? look.columns - name.length - after.length - 4 : Infinity;
  const correlation = correlationId === "" ? [] : [cut(printable(correlationId), space)];
  return [look.paint("bold", name), ...correlation, after].join("  ");
}

function rowLine(
  row: Row,
  id: string,
  labelWidth: number,
  scale: Scale,
  look: Look,
): string {
  const { node } = row;
  const { status, createdAt, finishedAt } = node.job;
  const end = finishedAt?.getTime() ?? scale.to;
  const label = cut(labelOf(row), look.isTerminal ? labelWidth : Infinity);
  return [
    padded(label, labelWidth),
    barOf(node, scale, look),
    look.paint(statusInk[status], status) + " ".repeat(STATUS_WIDTH - status.length),
    padded(durationText(end - createdAt.getTime()), TIME_WIDTH, true),
    look.paint("dim", printable(id)),
  ].join("  ");
}

function labelOf({ branch, node }: Row): string {
  return branch + printable(node.job.queueName);
}

/** What went wrong, attempt by attempt, and why it was cancelled. */
function notesOf({ job, attempts }: JobNode): readonly string[] {
  const notes = attempts.filter(({ outcome }) => outcome !== "completed" && outcome !== "running")
    .map((run) => noteOf(run));
  const isTold = attempts.at(-1)?.outcome === "cancelled";
  if (job.status === "cancelled" && !isTold) notes.push(`cancelled: ${job.error?.message ?? ""}`);
  if (job.status === "blocked") notes.push(`waits for ${job.dependsOn.join(" ")}`);
  return notes;
}

function noteOf({ attempt, outcome, startedAt, finishedAt, error }: Attempt): string {
  const after = durationText(finishedAt!.getTime() - startedAt.getTime());
  const what = `attempt ${attempt} ${outcome.replaceAll("_", " ")} after ${after}`;
  return error === undefined ? what : `${what}: ${error.message}`;
}

function noteLine({ node, below }: Row, note: string, look: Look): string {
  const text = below + printable(note);
  const ink = node.job.status === "failed" ? "red" : "yellow";
  return look.paint(ink, look.isTerminal ? cut(text, look.columns) : text);
}

/** The two ends of the scale under the bars. */
function axisLine(labelWidth: number, { from, to, cells }: Scale, look: Look): string {
  const end = durationText(to - from);
  return look.paint("dim", " ".repeat(labelWidth + 2) + "0" + end.padStart(cells - 1));
}
