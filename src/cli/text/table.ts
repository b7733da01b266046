/**
 * Tables: aligned columns that do not wrap.
 *
 * @module
 */
import type { Ink, Look } from "./look.ts";
import { cut, padded, printable, widthOf } from "./width.ts";

/** A column. */
export interface Column {
  readonly title: string;
  /** Numbers stand flush right. */
  readonly isNumber?: boolean;
  /** The least width it may be cut to where the terminal is narrow; without one it is never cut. */
  readonly least?: number;
}

/** A cell, with the ink that sets it off. */
export type Cell = string | readonly [text: string, ink: Ink | undefined];

const GAP = "  ";

/** Lines of a table, the titles first. A column whose cells are all empty is left out. */
export function tableLines(
  columns: readonly Column[],
  rows: readonly (readonly Cell[])[],
  look: Look,
): readonly string[] {
  const used = columns.flatMap((column, i) =>
    rows.some((row) => textOf(row[i]!)) ? [{ column, i }] : []
  );
  const texts = rows.map((row) => used.map(({ i }) => textOf(row[i]!)));
  const widths = used.map(({ column }, at) =>
    Math.max(widthOf(column.title), ...texts.map((row) => widthOf(row[at]!)))
  );
  if (look.isTerminal) shrink(widths, used.map(({ column }) => column), look.columns);
  const line = (cells: readonly string[], ink: (at: number) => Ink | undefined) =>
    cells.map((text, at) => {
      const { isNumber } = used[at]!.column;
      const isLast = at === cells.length - 1;
      const fitted = cut(text, widths[at]!);
      const space = isLast && !isNumber ? fitted : padded(fitted, widths[at]!, isNumber);
      const chosen = ink(at);
      return chosen === undefined ? space : space.replace(fitted, () => look.paint(chosen, fitted));
    }).join(GAP).trimEnd();
  return [
    line(used.map(({ column }) => column.title), () => "dim"),
    ...texts.map((row, at) => line(row, (column) => inkOf(rows[at]![used[column]!.i]!))),
  ];
}

function textOf(cell: Cell): string {
  return printable(typeof cell === "string" ? cell : cell[0]);
}

function inkOf(cell: Cell): Ink | undefined {
  return typeof cell === "string" ? undefined : cell[1];
}

/** Takes what is too much from the widest of those that can be cut, one by one. */
function shrink(widths: number[], columns: readonly Column[], available: number): void {
  const total = () => widths.reduce((sum, width) => sum + width + GAP.length, -GAP.length);
  while (total() > available) {
    const open = widths.flatMap((width, i) => width > (columns[i]!.least ?? Infinity) ? [i] : []);
    if (open.length === 0) return;
    const widest = open.reduce((best, i) => widths[i]! > widths[best]! ? i : best);
    widths[widest]!--;
  }
}
