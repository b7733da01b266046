/**
 * The lines of a waterfall from a dependency to the jobs that waited for it: each is at the time at which
 * the dependency ended, and passes the rows between.
 *
 * @module
 */
import { decisiveDependency } from "../../queue/critical_path.ts";
import type { Timeline } from "../../queue/timeline.ts";
import type { WaterfallRow } from "./rows.ts";

/** The part of a line in one row. */
export interface LinePart {
  /** When the dependency ended. */
  readonly at: number;
  /** Whether the line begins at the bar of this row. */
  readonly isFirst: boolean;
  /** Whether the line ends at the bar of this row. */
  readonly isLast: boolean;
}

/** More lines in one row cannot be told apart. */
const MAX_IN_A_ROW = 8;

/** The lines of each row, by its place. A job has one, from the dependency that ended last. */
export function dependencyLines(
  shown: readonly WaterfallRow[],
  { rows }: Timeline,
): readonly (readonly LinePart[])[] {
  const places = new Map<string, number>();
  for (const [place, row] of shown.entries()) {
    if (row.kind === "job") places.set(row.row.job.id, place);
  }
  const spans = new Map<string, { at: number; from: number; to: number }>();
  for (const row of shown) {
    const dependency = row.kind === "job" ? decisiveDependency(row.row, rows) : undefined;
    if (row.kind !== "job" || dependency === undefined) continue;
    const place = places.get(row.row.job.id)!;
    const start = places.get(dependency.job.id);
    if (start === undefined) continue;
    const span = spans.get(dependency.job.id) ?? { at: dependency.to, from: start, to: start };
    span.from = Math.min(span.from, place);
    span.to = Math.max(span.to, place);
    spans.set(dependency.job.id, span);
  }
  const lines: LinePart[][] = shown.map(() => []);
  for (const { at, from, to } of spans.values()) {
    for (let place = from; place <= to; place++) {
      if (lines[place]!.length >= MAX_IN_A_ROW) continue;
      lines[place]!.push({ at, isFirst: place === from, isLast: place === to });
    }
  }
  return lines;
}
