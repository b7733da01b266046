/** What an order sets going: a payment and, once that has completed, an e-mail and a reservation. */
import { type AnyNewJob, correlationIdFrom, job } from "../../mod.ts";
import type { Order } from "./orders/order.ts";
import type { Queues } from "./queues.ts";

/** The three jobs of an order. Enqueued in one call they share one trace, and all are stored or none. */
export function orderWorkflow(order: Order): readonly AnyNewJob<Queues>[] {
  const { id: orderId, currency, items, totalCents } = order;
  // The order's id finds its jobs again, and as a key it makes a second enqueue add nothing.
  const about = { correlationId: correlationIdFrom(orderId), idempotencyKey: orderId };
  const after = (payment: { readonly id: string }) => ({ ...about, dependsOn: [payment] });

  const payment = job("payment_queue", { orderId, currency, items, totalCents }, {
    ...about,
    maxAttempts: 5,
  });
  const email = job("email_queue", order, after(payment));
  const inventory = job("inventory_queue", { orderId, items }, after(payment));
  return [payment, email, inventory];
}
