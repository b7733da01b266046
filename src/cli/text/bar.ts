/**
 * A job's time as a bar: light while it waits, solid while it runs, with a mark where an attempt
 * ended badly, and open at the end while it goes on.
 *
 * @module
 */
import { hasEnded } from "../../job/status.ts";
import type { JobNode } from "../../queue/job_tree.ts";
import type { Ink, Look } from "./look.ts";

/** One scale for all bars of a trace. */
export interface Scale {
  /** The first moment, in ms since 1970. */
  readonly from: number;
  /** The last one: the end of the trace, or now. */
  readonly to: number;
  /** How many cells there are between them. */
  readonly cells: number;
}

interface Sign {
  readonly character: string;
  readonly ink: Ink;
}

const waiting: Sign = { character: "░", ink: "dim" };
const running: Sign = { character: "█", ink: "blue" };
const completed: Sign = { character: "█", ink: "green" };
const retried: Sign = { character: "↻", ink: "yellow" };
const failed: Sign = { character: "✗", ink: "red" };
const cancelled: Sign = { character: "⊘", ink: "yellow" };
const goesOn: Sign = { character: "▸", ink: "dim" };

const legend: readonly (readonly [sign: Sign, meaning: string])[] = [
  [waiting, "waits"],
  [completed, "runs"],
  [retried, "tried again"],
  [failed, "failed"],
  [cancelled, "cancelled"],
  [goesOn, "goes on"],
];

/** What the signs of a bar mean. */
export function legendLine(look: Look): string {
  return legend.map(([{ character, ink }, meaning]) => `${look.paint(ink, character)} ${meaning}`)
    .join("  ");
}

/** The bar of one job. */
export function barOf({ job, attempts }: JobNode, scale: Scale, look: Look): string {
  const signs: (Sign | undefined)[] = Array.from({ length: scale.cells });
  const fill = (from: number, to: number, sign: Sign) =>
    signs.fill(sign, cellOf(from, scale), cellOf(to, scale) + 1);
  const end = job.finishedAt?.getTime() ?? scale.to;
  fill(job.createdAt.getTime(), end, waiting);
  for (const { startedAt, finishedAt, outcome } of attempts) {
    const sign = outcome === "completed" ? completed : running;
    fill(startedAt.getTime(), finishedAt?.getTime() ?? scale.to, sign);
  }
  // The marks come last, so that no later run of the same moment covers them.
  for (const attempt of attempts) {
    const { finishedAt, outcome } = attempt;
    if (outcome === "completed" || outcome === "running" || outcome === "cancelled") continue;
    const isLast = job.status === "failed" && attempt === attempts.at(-1);
    signs[cellOf(finishedAt!.getTime(), scale)] = isLast ? failed : retried;
  }
  if (job.status === "cancelled") signs[cellOf(end, scale)] = cancelled;
  if (!hasEnded(job.status)) signs[scale.cells - 1] = goesOn;
  return paintedRuns(signs, look);
}

function cellOf(time: number, { from, to, cells }: Scale): number {
  const part = to > from ? (time - from) / (to - from) : 0;
  return Math.max(0, Math.min(cells - 1, Math.floor(part * cells)));
}

/** Neighbours with the same ink are painted together. */
function paintedRuns(signs: readonly (Sign | undefined)[], look: Look): string {
  let line = "";
  for (let i = 0; i < signs.length;) {
    const ink = signs[i]?.ink;
    let text = "";
    for (; i < signs.length && signs[i]?.ink === ink; i++) text += signs[i]?.character ?? " ";
    line += ink === undefined ? text : look.paint(ink, text);
  }
  return line;
}
