/**
 * Tables: aligned columns that do not wrap.
 *
 * @module
 */
import type { Color, Style } from "./style.ts";
import { cut, GAP, padded, printable, widthOf } from "./width.ts";

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

/** The columns of a table that are drawn, and their widths. */
interface Layout {
  readonly used: readonly { readonly column: Column; readonly place: number }[];
  readonly widths: readonly number[];
}

/**
 * The lines of a table, titles first, without the columns whose cells are all empty.
 *
 * @param forms For each form of the table, the titles of the columns that it leaves out. The first
 * form that fits the terminal is drawn, or the last one; elsewhere the first one.
 */
export function tableLines(
  columns: readonly Column[],
  rows: readonly (readonly Cell[])[],
  style: Style,
  forms: readonly (readonly string[])[] = [[]],
): readonly string[] {
  const layouts = forms.map((leftOut) => layoutOf(columns, rows, leftOut, style));
  const fits = ({ widths }: Layout) => !style.isTerminal || totalOf(widths) <= style.columns;
  const { used, widths } = layouts.find(fits) ?? layouts.at(-1)!;
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
    ...rows.map((row) =>
      line(used.map(({ place }) => textOf(row[place]!)), (at) => colorOf(row[used[at]!.place]!))
    ),
  ];
}

function layoutOf(
  columns: readonly Column[],
  rows: readonly (readonly Cell[])[],
  leftOut: readonly string[],
  style: Style,
): Layout {
  const used = columns.map((column, place) => ({ column, place })).filter(({ column, place }) =>
    !leftOut.includes(column.title) && rows.some((row) => textOf(row[place]!) !== "")
  );
  const widths = used.map(({ column, place }) =>
    rows.reduce((most, row) => Math.max(most, widthOf(textOf(row[place]!))), widthOf(column.title))
  );
  if (style.isTerminal) shrink(widths, used.map(({ column }) => column), style.columns);
  return { used, widths };
}

function textOf(cell: Cell): string {
  return printable(typeof cell === "string" ? cell : cell[0]);
}

function colorOf(cell: Cell): Color | undefined {
  return typeof cell === "string" ? undefined : cell[1];
}

/** Shrinks the widest column that can be cut, by one, until the table fits. */
function shrink(widths: number[], columns: readonly Column[], available: number): void {
  while (totalOf(widths) > available) {
    const open = widths.flatMap((width, i) => width > (columns[i]!.least ?? Infinity) ? [i] : []);
    if (open.length === 0) return;
    const widest = open.reduce((best, i) => widths[i]! > widths[best]! ? i : best);
    widths[widest]!--;
  }
}

function totalOf(widths: readonly number[]): number {
  return widths.reduce((sum, width) => sum + width + GAP.length, -GAP.length);
}
