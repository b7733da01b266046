/** Reserves the ordered units: a file for each order. */
import type { Handler } from "../../../mod.ts";
import { unitsOf } from "../orders/sums.ts";
import type { Queues } from "../workflow.ts";
import { fileIn, writeWhole } from "./files.ts";

/** A handler that writes to this folder. */
export function inventory(folder: string): Handler<Queues, "inventory_queue"> {
  return async (job) => {
    const units = unitsOf(job.payload.items);
    // A file for the order, because a second attempt would lower a stock count twice.
    const file = fileIn(folder, job.payload.orderId, ".json");
    await writeWhole(file, JSON.stringify(units, null, 2) + "\n");
    return units;
  };
}
