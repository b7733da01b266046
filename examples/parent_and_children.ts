/**
 * A job that splits its work: its handler enqueues child jobs, which share its trace and its
 * correlation id. `tree` shows them below it, and `cancel` with `descendants` stops all of them.
 *
 *     node examples/parent_and_children.ts
 *
 * It prints the tree of an import, and what is left of a second one after it was cancelled.
 *
 * In a project of your own, import from "hammerwork" where this imports ../mod.ts.
 */
import { type JobNode, JobQueue, memory, WorkerPool } from "../mod.ts";

interface Queues {
  data_import: { payload: { source: string; rows: number }; result: { batches: number } };
  process_batch: { payload: { from: number; to: number }; result: number };
}

const BATCH_ROWS = 250;

const queue = new JobQueue<Queues>({ store: memory() });
const imports = queue.worker("data_import", async ({ payload: { rows } }, ctx) => {
  const batches = Math.ceil(rows / BATCH_ROWS);
  for (let i = 0; i < batches; i++) {
    const from = i * BATCH_ROWS;
    await ctx.enqueue("process_batch", { from, to: Math.min(rows, from + BATCH_ROWS) });
  }
  return { batches };
});
const batches = queue.worker("process_batch", ({ payload: { from, to } }) => to - from);

const parent = await queue.enqueue("data_import", { source: "customers.csv", rows: 900 }, {
  correlationId: "import-001",
});
await new WorkerPool([imports, batches]).tick();
await printTree(parent.traceId);

const second = await queue.enqueue("data_import", { source: "orders.csv", rows: 500 });
await imports.tick(); // its batches are ready, but do not run yet
const answer = await queue.cancel(second.id, { descendants: true, reason: "The wrong file" });
console.log(`\nCancelled below the second import: ${answer?.cancelledDescendants} jobs`);
await printTree(second.traceId);

async function printTree(traceId: string): Promise<void> {
  const { roots } = await queue.tree({ traceId });
  for (const root of roots) print(root, "");
}

function print({ job, children }: JobNode, indent: string): void {
  console.log(`${indent}${job.queueName}: ${job.status}`);
  for (const child of children) print(child, `${indent}  `);
}
