/**
 * What several measurements say together.
 *
 * @module
 */

/** The middle of several measurements, and how far they went. */
export interface Spread {
  readonly median: number;
  readonly lowest: number;
  readonly highest: number;
}

/** The spread of at least one number. */
export function spreadOf(numbers: readonly number[]): Spread {
  const sorted = [...numbers].sort((a, b) => a - b);
  return {
    median: sorted[Math.floor(sorted.length / 2)]!,
    lowest: sorted[0]!,
    highest: sorted.at(-1)!,
  };
}

/** A spread as it stands in a table: `1.5 (1.2 to 2.0)`. */
export function spreadText({ median, lowest, highest }: Spread, digits = 1): string {
  return `${median.toFixed(digits)} (${lowest.toFixed(digits)} to ${highest.toFixed(digits)})`;
}
