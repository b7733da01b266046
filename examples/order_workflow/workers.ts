/** The workers: one for each queue, each with its handler. */
import type { Hooks, JobQueue, Worker, WorkerOptions } from "../../mod.ts";
import { email } from "./handlers/email.ts";
import { importBatch, splitImport } from "./handlers/import.ts";
import { inventory } from "./handlers/inventory.ts";
import { payment } from "./handlers/payment.ts";
import type { Queues } from "./workflow.ts";

/** What the workers need besides the queue. */
export interface WorkerSetup {
  readonly folders: Folders;
  readonly gatewayUrl: string;
  readonly hooks?: Hooks;
  readonly onError?: (error: unknown) => void;
}

/** Where the handlers write. */
export interface Folders {
  readonly receipts: string;
  readonly reservations: string;
  readonly imports: string;
}

/** Creates a worker for each queue. */
export function workersOf(
  queue: JobQueue<Queues>,
  { folders, gatewayUrl, hooks, onError }: WorkerSetup,
): readonly Worker[] {
  const options: WorkerOptions = {
    ...hooks,
    onError,
    // After a crash, the next start runs the jobs that were running again once their leases are over.
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
