/** Reserves what was ordered: a file for each order. */
import type { Handler } from "../../../mod.ts";
import { unitsOf } from "../orders/sums.ts";
import type { Queues } from "../queues.ts";
import { fileIn } from "../file_in.ts";
import { writeWhole } from "./whole_file.ts";

/** A handler that writes into this folder. */
export function inventory(folder: string): Handler<Queues, "inventory_queue"> {
  return async (job) => {
    const units = unitsOf(job.payload.items);
    // Not a stock count to be lowered: that a second attempt would lower twice.
    const file = fileIn(folder, job.payload.orderId, ".json");
    await writeWhole(file, JSON.stringify(units, null, 2) + "\n");
    return units;
  };
}
