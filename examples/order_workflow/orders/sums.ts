/** Totals of several orders. */
import type { Item, Order } from "./order.ts";

export interface Sums {
  readonly orders: number;
  /** The price of the items by currency. */
  readonly cents: Readonly<Record<string, number>>;
  /** Units by SKU. */
  readonly units: Readonly<Record<string, number>>;
}

export function sumsOf(orders: readonly Order[]): Sums {
  const items = orders.flatMap(({ items }) => items);
  return {
    orders: orders.length,
    cents: addUp(
      orders.flatMap(({ currency, items }) =>
        items.map(({ quantity, unitCents }) => [currency, quantity * unitCents] as const)
      ),
    ),
    units: unitsOf(items),
  };
}

/** Units by SKU; an order may name one twice. */
export function unitsOf(items: readonly Item[]): Sums["units"] {
  return addUp(items.map(({ sku, quantity }) => [sku, quantity]));
}

/** Adds the sums of parts. */
export function addSums(parts: readonly Sums[]): Sums {
  return {
    orders: parts.reduce((sum, { orders }) => sum + orders, 0),
    cents: addUp(parts.flatMap(({ cents }) => Object.entries(cents))),
    units: addUp(parts.flatMap(({ units }) => Object.entries(units))),
  };
}

function addUp(
  entries: readonly (readonly [key: string, count: number])[],
): Record<string, number> {
  // A map, because an object already has a property "constructor".
  const sums = new Map<string, number>();
  for (const [key, count] of entries) sums.set(key, (sums.get(key) ?? 0) + count);
  return Object.fromEntries(sums);
}
