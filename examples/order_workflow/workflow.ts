/** The queues of the order workflow, and the three jobs that an order becomes. */
import { correlationIdFrom, job } from "../../mod.ts";
import type { AnyNewJob } from "../../src/signatures.ts";
import type { KeptOrders } from "./orders/kept_orders.ts";
import type { Item, Order } from "./orders/order.ts";
import type { Sums } from "./orders/sums.ts";

/**
 * The payload and the result of each queue. It exists in types only: a wrong queue name, payload or
 * result is a compile error.
 */
export interface Queues {
  payment_queue: { payload: Payment; result: Paid };
  email_queue: { payload: Order; result: { readonly file: string } };
  inventory_queue: { payload: Reservation; result: Sums["units"] };
  data_import: { payload: Import; result: { readonly batches: number } };
  process_batch: { payload: Batch; result: Sums };
}

/** What is to be paid. */
export interface Payment {
  readonly orderId: string;
  readonly currency: string;
  readonly items: readonly Item[];
  readonly totalCents: number;
}

/** What the gateway answered. */
export interface Paid {
  readonly paymentId: string;
}

/** What is to be reserved. */
export interface Reservation {
  readonly orderId: string;
  readonly items: readonly Item[];
}

/** A whole file of orders. */
export interface Import extends KeptOrders {
  /** The name of the file. */
  readonly source: string;
}

/** A part of a file. */
export interface Batch {
  readonly contentHash: string;
  /** The first row of the batch. */
  readonly startRow: number;
  /** The first row after it. */
  readonly endRow: number;
}

/**
 * The jobs of an order: a payment and, once it has completed, an e-mail and a reservation. Enqueued in
 * one call they share a trace, and either all of them are stored or none.
 */
export function orderWorkflow(order: Order): readonly AnyNewJob<Queues>[] {
  const { id: orderId, currency, items, totalCents } = order;
  // The correlation id finds the jobs of an order. The key makes a repeated enqueue add nothing.
  const common = { correlationId: correlationIdFrom(orderId), idempotencyKey: orderId };

  const payment = job("payment_queue", { orderId, currency, items, totalCents }, {
    ...common,
    maxAttempts: 5,
  });
  const afterPayment = { ...common, dependsOn: [payment] };
  const email = job("email_queue", order, afterPayment);
  const inventory = job("inventory_queue", { orderId, items }, afterPayment);
  return [payment, email, inventory];
}
