/** The import of a whole file: a job that enqueues batches as its child jobs, and the job of a batch. */
import { type Handler, job } from "../../../mod.ts";
import type { AnyNewJob } from "../../../src/signatures.ts";
import { readKeptOrders } from "../orders/kept_orders.ts";
import { sumsOf } from "../orders/sums.ts";
import type { Queues } from "../workflow.ts";

const BATCHES = 10;

/** Enqueues ten batches of about the same size, or one for each order if there are fewer. */
export const splitImport: Handler<Queues, "data_import"> = async ({ payload }, ctx) => {
  const { contentHash, rows } = payload;
  const count = Math.min(BATCHES, rows);
  const startOf = (batch: number) => Math.floor(batch * rows / count);
  const batches = Array.from({ length: count }, (_, batch): AnyNewJob<Queues> => {
    const part = { contentHash, startRow: startOf(batch), endRow: startOf(batch + 1) };
    // If this is a second attempt, the batches of the first one exist already.
    return job("process_batch", part, { idempotencyKey: `${contentHash}-${batch}` });
  });
  // They get this job as their parent, its trace and its correlation id.
  await ctx.enqueue(batches);
  return { batches: count };
};

/** Adds up one part of an imported file. The sums are stored as the result of the job. */
export function importBatch(folder: string): Handler<Queues, "process_batch"> {
  return async ({ payload: { contentHash, startRow, endRow } }) =>
    sumsOf(await readKeptOrders(folder, contentHash, startRow, endRow));
}
