/** Who works for which queue, and how. */
import type { Hooks, JobQueue, Worker, WorkerOptions } from "../../mod.ts";
import { email } from "./handlers/email.ts";
import { splitImport } from "./handlers/import.ts";
import { importBatch } from "./handlers/import_batch.ts";
import { inventory } from "./handlers/inventory.ts";
import { payment } from "./handlers/payment.ts";
import type { Folders, Queues } from "./queues.ts";

/** What the workers need beside the queue. */
export interface Surroundings {
  readonly folders: Folders;
  readonly gatewayUrl: string;
  readonly hooks: Hooks;
  readonly onError?: (error: unknown) => void;
}

/** A worker for each queue. */
export function workersOf(
  queue: JobQueue<Queues>,
  { folders, gatewayUrl, hooks, onError }: Surroundings,
): readonly Worker[] {
  const options: WorkerOptions = {
    ...hooks,
    onError,
    // After a crash the next start goes on with the jobs that ran, once their leases are over.
    leaseMs: 5_000,
    stopTimeoutMs: 5_000,
  };
  return [
    queue.worker("payment_queue", payment(gatewayUrl), {
      ...options,
      timeoutMs: 5_000,
      backoff: { type: "exponential", delayMs: 200 },
    }),
    queue.worker("email_queue", email(queue, folders.receipts), options),
    queue.worker("inventory_queue", inventory(folders.reservations), options),
    queue.worker("data_import", splitImport, options),
    queue.worker("process_batch", importBatch(folders.imports), options),
  ];
}
