/** Sums up one part of an imported file. The sums are kept as the job's result. */
import type { Handler } from "../../../mod.ts";
import { readKeptOrders } from "../orders/kept_orders.ts";
import { type Sums, sumsOf } from "../orders/sums.ts";
import type { Queues } from "../queues.ts";

/** A handler that reads the imported files in this folder. */
export function importBatch(folder: string): Handler<Queues, "process_batch"> {
  return async ({ payload: { contentHash, startRow, endRow } }): Promise<Sums> =>
    sumsOf(await readKeptOrders(folder, contentHash, startRow, endRow));
}
