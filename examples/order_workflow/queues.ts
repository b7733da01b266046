/** Which queues the sample has, and what the jobs of each are given. */
import type { KeptOrders } from "./orders/kept_orders.ts";
import type { Item, Order } from "./orders/order.ts";

/** Only types: a wrong queue name or payload is a compile error. */
export interface Queues {
  payment_queue: Payment;
  email_queue: Order;
  inventory_queue: Reservation;
  data_import: Import;
  process_batch: Batch;
}

/** What is to be paid. */
export interface Payment {
  readonly orderId: string;
  readonly currency: string;
  readonly items: readonly Item[];
  readonly totalCents: number;
}

/** The result of a payment job. */
export interface Paid {
  readonly paymentId: string;
}

/** What is to be put aside. */
export interface Reservation {
  readonly orderId: string;
  readonly items: readonly Item[];
}

/** A whole file of orders. */
export interface Import extends KeptOrders {
  /** Where the orders came from. */
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

/** Where the handlers write, beside the database. */
export interface Folders {
  readonly receipts: string;
  readonly reservations: string;
  readonly imports: string;
}
