/**
 * Tables that read well in a terminal and are Markdown.
 *
 * @module
 */

/** Draws a table. The first columns hold names, the others figures. */
export function table(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  names: number = 1,
): string {
  const isName = (column: number) => column < names;
  const widths = head.map((title, column) =>
    Math.max(3, title.length, ...rows.map((row) => row[column]!.length))
  );
  const line = (cells: readonly string[]) => {
    const padded = cells.map((cell, column) =>
      isName(column) ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!)
    );
    return `| ${padded.join(" | ")} |`;
  };
  const rule = widths.map((width, column) =>
    isName(column) ? "-".repeat(width) : `${"-".repeat(width - 1)}:`
  );
  return [line(head), line(rule), ...rows.map(line)].join("\n");
}
