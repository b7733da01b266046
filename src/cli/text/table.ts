/**
 * Tables: aligned columns that do not wrap.
 *
 * @module
 */
import type { Color, Style } from "./style.ts";
import { cut, padded, printable, widthOf } from "./width.ts";

/** A column. */
export interface Column {
  readonly title: string;
  /** Numbers are aligned to the right. */
  readonly isNumber?: boolean;
  /** The width to which a narrow terminal may cut it; without one it is never cut. */
  readonly least?: number;
}

/** The text of a cell, with its color. */
export type Cell = string | readonly [text: string, color: Color | undefined];

const GAP = "  ";

/** The lines of a table, titles first, without the columns whose cells are all empty. */
export function tableLines(
  columns: readonly Column[],
  rows: readonly (readonly Cell[])[],
  style: Style,
): readonly string[] {
  const used = columns.flatMap((column, i) =>
    rows.some((row) => textOf(row[i]!)) ? [{ column, i }] : []
  );
  const texts = rows.map((row) => used.map(({ i }) => textOf(row[i]!)));
  const widths = used.map(({ column }, at) =>
    Math.max(widthOf(column.title), ...texts.map((row) => widthOf(row[at]!)))
  );
  if (style.isTerminal) shrink(widths, used.map(({ column }) => column), style.columns);
  const line = (cells: readonly string[], color: (at: number) => Color | undefined) =>
    cells.map((text, at) => {
      const { isNumber } = used[at]!.column;
      const isLast = at === cells.length - 1;
      const fitted = cut(text, widths[at]!);
      const space = isLast && !isNumber ? fitted : padded(fitted, widths[at]!, isNumber);
      const chosen = color(at);
      return chosen === undefined
        ? space
        : space.replace(fitted, () => style.paint(chosen, fitted));
    }).join(GAP).trimEnd();
  return [
    line(used.map(({ column }) => column.title), () => "dim"),
    ...texts.map((row, at) => line(row, (column) => colorOf(rows[at]![used[column]!.i]!))),
  ];
}

function textOf(cell: Cell): string {
  return printable(typeof cell === "string" ? cell : cell[0]);
}

function colorOf(cell: Cell): Color | undefined {
  return typeof cell === "string" ? undefined : cell[1];
}

/** Shrinks the widest column that can be cut, by one, until the table fits. */
function shrink(widths: number[], columns: readonly Column[], available: number): void {
  const total = () => widths.reduce((sum, width) => sum + width + GAP.length, -GAP.length);
  while (total() > available) {
    const open = widths.flatMap((width, i) => width > (columns[i]!.least ?? Infinity) ? [i] : []);
    if (open.length === 0) return;
    const widest = open.reduce((best, i) => widths[i]! > widths[best]! ? i : best);
    widths[widest]!--;
  }
}
