/** Text in columns. */

/** Pads each column to its longest cell; the numbered columns are flush right. */
export function columns(
  rows: readonly (readonly string[])[],
  flushRight: readonly number[] = [],
): string {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, i) => widths[i] = Math.max(widths[i] ?? 0, cell.length));
  }
  return rows.map((row) =>
    row.map((cell, i) =>
      flushRight.includes(i) ? cell.padStart(widths[i] ?? 0) : cell.padEnd(widths[i] ?? 0)
    ).join("  ").trimEnd()
  ).join("\n");
}
