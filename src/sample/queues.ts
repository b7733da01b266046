/** Which queues the sample has, and what the jobs of each are given. */
import type { Confirmation } from "./handlers/email.ts";
import type { Import } from "./handlers/import.ts";
import type { Batch } from "./handlers/import_batch.ts";
import type { Reservation } from "./handlers/inventory.ts";
import type { Payment } from "./handlers/payment.ts";

/** Only types: a wrong queue name or payload is a compile error. */
export interface Queues {
  payment_queue: Payment;
  email_queue: Confirmation;
  inventory_queue: Reservation;
  data_import: Import;
  process_batch: Batch;
}

/** Where the handlers write, beside the database. */
export interface Folders {
  readonly receipts: string;
  readonly reservations: string;
  readonly imports: string;
}
