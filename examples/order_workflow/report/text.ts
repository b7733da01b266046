/** Columns and counts as text. */

const whole = new Intl.NumberFormat("en-US");

/** As `12,000`. */
export function shown(count: number): string {
  return whole.format(count);
}

/** A count with its noun, as `1 order` or `12,000 orders`. */
export function counted(count: number, one: string, more: string = `${one}s`): string {
  return `${shown(count)} ${count === 1 ? one : more}`;
}

/** Pads each column to its longest cell; the given columns are aligned to the right. */
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
