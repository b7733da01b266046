/** Splits the import of a whole file into batches, which are its child jobs. */
import { type AnyNewJob, type Handler, job } from "../../../mod.ts";
import type { Queues } from "../queues.ts";

const BATCHES = 10;

/** Enqueues ten batches of nearly the same size; of fewer orders, one for each. */
export const splitImport: Handler<Queues, "data_import"> = async ({ payload }, ctx) => {
  const { contentHash, rows } = payload;
  const count = Math.min(BATCHES, rows);
  const startOf = (batch: number) => Math.floor(batch * rows / count);
  const batches = Array.from({ length: count }, (_, batch): AnyNewJob<Queues> => {
    const part = { contentHash, startRow: startOf(batch), endRow: startOf(batch + 1) };
    // This attempt may be the second, and the batches of the first are there.
    return job("process_batch", part, { idempotencyKey: `${contentHash}-${batch}` });
  });
  // Their parent, their trace and their correlation id are this job's.
  await ctx.enqueue(batches);
  return { batches: count };
};
