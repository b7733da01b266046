/** Counts as text. */

const whole = new Intl.NumberFormat("en-US");

/** As `12,000`. */
export function shown(count: number): string {
  return whole.format(count);
}

/** A count with its noun, as `1 order` or `12,000 orders`. */
export function counted(count: number, one: string, more: string = `${one}s`): string {
  return `${shown(count)} ${count === 1 ? one : more}`;
}
