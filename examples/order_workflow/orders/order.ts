/** An order, read from a line of JSON and checked. */
import { toCents } from "./money.ts";

export interface Order {
  readonly id: string;
  readonly customer: { readonly name: string; readonly email: string };
  readonly currency: string;
  readonly items: readonly Item[];
  readonly totalCents: number;
}

export interface Item {
  readonly sku: string;
  readonly name: string;
  readonly quantity: number;
  readonly unitCents: number;
}

/** The form of a text, as a pattern and in words. */
type Shape = readonly [pattern: RegExp, words: string];

// Ids and SKUs become file names, so they must not contain a path.
const NAME: Shape = [/^[A-Za-z0-9][\w.-]{0,99}$/, "1 to 100 letters, digits or _ . -"];
const LINE: Shape = [/^[^\p{Cc}]{1,200}$/u, "1 to 200 characters on one line"];
const EMAIL: Shape = [/^[^\s@\p{Cc}]{1,100}@[^\s@\p{Cc}]{1,100}$/u, "an e-mail address"];
const CURRENCY: Shape = [/^[A-Z]{3}$/, "three capital letters"];

// The payloads of an order of this length are below the limit of the queue.
const LONGEST_LINE = 50_000;
const LARGEST_AMOUNT = 1_000_000;
const LARGEST_QUANTITY = 10_000;

/**
 * Reads one line of a file.
 *
 * @throws {RangeError} `expected …: got …`, if the line is not an order.
 */
export function readOrder(line: string): Order {
  if (line.length > LONGEST_LINE) {
    throw expected(`at most ${LONGEST_LINE} characters`, line.length);
  }
  const order = fields("an order", parsed(line));
  return {
    id: text("id", order.id, NAME),
    customer: readCustomer(order.customer),
    currency: text("currency", order.currency, CURRENCY),
    items: list("items", order.items).map((item, i) => readItem(`items[${i}]`, item)),
    totalCents: amount("total", order.total),
  };
}

function readCustomer(value: unknown): Order["customer"] {
  const { name, email } = fields("customer", value);
  return {
    name: text("customer.name", name, LINE),
    email: text("customer.email", email, EMAIL),
  };
}

function readItem(path: string, value: unknown): Item {
  const item = fields(path, value);
  return {
    sku: text(`${path}.sku`, item.sku, NAME),
    name: text(`${path}.name`, item.name, LINE),
    quantity: quantity(`${path}.quantity`, item.quantity),
    unitCents: amount(`${path}.unitPrice`, item.unitPrice),
  };
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    throw new RangeError(`expected a JSON object: got ${clipped(line)}`);
  }
}

function fields(path: string, value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    return value as Readonly<Record<string, unknown>>;
  }
  throw expected(`${path} to be an object`, value);
}

function list(path: string, value: unknown): readonly unknown[] {
  if (Array.isArray(value) && value.length > 0) return value;
  throw expected(`${path} to be a list of at least one`, value);
}

function text(path: string, value: unknown, [pattern, words]: Shape): string {
  if (typeof value === "string" && pattern.test(value)) return value;
  throw expected(`${path} to be ${words}`, value);
}

function quantity(path: string, value: unknown): number {
  if (Number.isInteger(value) && 1 <= Number(value) && Number(value) <= LARGEST_QUANTITY) {
    return value as number;
  }
  throw expected(`${path} to be a whole number from 1 to ${LARGEST_QUANTITY}`, value);
}

function amount(path: string, value: unknown): number {
  const isInRange = typeof value === "number" && 0 <= value && value <= LARGEST_AMOUNT;
  const cents = isInRange ? toCents(value) : undefined;
  if (cents !== undefined) return cents;
  throw expected(`${path} to be a number from 0 to ${LARGEST_AMOUNT} with up to 2 decimals`, value);
}

function expected(what: string, got: unknown): RangeError {
  const shown = got === undefined ? "nothing" : clipped(JSON.stringify(got));
  return new RangeError(`expected ${what}: got ${shown}`);
}

/** Shortened, and without control characters. */
function clipped(line: string): string {
  const plain = line.slice(0, 60).replace(/\p{C}/gu, "?");
  return line.length > 60 ? `${plain}…` : plain;
}
