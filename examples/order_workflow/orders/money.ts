/** Amounts of money in whole cents: as fractions, 0.1 + 0.2 is not 0.3. */

const twoDecimals = new Intl.NumberFormat("en-US", {
  minimumFractionDigits: 2,
  maximumFractionDigits: 2,
});

/** An amount such as 299.99 as cents; `undefined` when it has more than two decimals. */
export function toCents(amount: number): number | undefined {
  const cents = Math.round(amount * 100);
  return Math.abs(amount * 100 - cents) < 1e-4 ? cents : undefined;
}

/** As `1,299.99 USD`. */
export function showMoney(cents: number, currency: string): string {
  return `${twoDecimals.format(cents / 100)} ${currency}`;
}
