/**
 * Several measurements of one thing as one figure: the median, and the range in which they were.
 *
 * @module
 */

/** The one in the middle; of an even number the mean of the two. */
export function median(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  const [below, above] = [(sorted.length - 1) >> 1, sorted.length >> 1];
  return (sorted[below]! + sorted[above]!) / 2;
}

/** The value that a part of all, from 0 to 1, does not exceed. */
export function quantile(numbers: readonly number[], part: number): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(part * sorted.length) - 1)]!;
}

/** `8,804 (8,100-9,120)`: three digits are more than a shared machine can repeat. */
export function figure(numbers: readonly number[]): string {
  if (numbers.length === 0) return "";
  if (numbers.length === 1) return shown(numbers[0]!);
  const range = `${shown(Math.min(...numbers))}-${shown(Math.max(...numbers))}`;
  return `${shown(median(numbers))} (${range})`;
}

/** Each measurement against that of the same round beside it. */
export function ratios(numbers: readonly number[], others: readonly number[]): number[] {
  return numbers.map((number, round) => number / others[round]!);
}

function shown(number: number): string {
  return number.toLocaleString("en", number >= 1_000 ? thousands : { maximumSignificantDigits: 3 });
}

const thousands = { maximumSignificantDigits: 4, maximumFractionDigits: 0 } as const;
