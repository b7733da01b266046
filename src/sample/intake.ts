/** Takes a file of orders in: every good line becomes a workflow, and the whole file an import. */
import { setImmediate } from "node:timers/promises";
import type { JobQueue } from "../../mod.ts";
import { keepOrders, type KeptOrders } from "./orders/kept_orders.ts";
import { type Order, readOrder } from "./orders/order.ts";
import type { OrderLine, OrderLines } from "./orders/order_lines.ts";
import type { Folders, Queues } from "./queues.ts";
import { orderWorkflow } from "./workflow.ts";

/** What became of the lines. */
export interface Intake {
  readonly added: number;
  /** Orders whose jobs were there already. */
  readonly known: number;
  readonly refused: number;
  readonly importIsNew: boolean;
}

/** Reads all lines; stops early when the signal aborts, and then leaves the import out. */
export async function takeIn(
  queue: JobQueue<Queues>,
  lines: OrderLines,
  folders: Folders,
  { signal, report }: { signal: AbortSignal; report: (problem: string) => void },
): Promise<Intake> {
  const keeper = await keepOrders(folders.imports);
  const ids = new Set<string>();
  const count = { added: 0, known: 0, refused: 0 };
  try {
    for await (const line of lines.read(signal)) {
      const order = orderOn(line, report);
      if (order === undefined) {
        count.refused++;
        continue;
      }
      const isNew = await enqueueOrder(queue, order);
      count[isNew ? "added" : "known"]++;
      if (!ids.has(order.id)) await keeper.add(order);
      ids.add(order.id);
      // SQLite works within this thread: between two orders the workers get their turn.
      await setImmediate();
    }
  } catch (error) {
    await keeper.discard();
    throw error;
  }
  if (signal.aborted || ids.size === 0) {
    await keeper.discard();
    return { ...count, importIsNew: false };
  }
  return { ...count, importIsNew: await enqueueImport(queue, lines.name, await keeper.finish()) };
}

function orderOn(
  { number, text }: OrderLine,
  report: (problem: string) => void,
): Order | undefined {
  try {
    return readOrder(text);
  } catch (error) {
    report(`line ${number}: ${(error as Error).message}`);
    return undefined;
  }
}

async function enqueueOrder(queue: JobQueue<Queues>, order: Order): Promise<boolean> {
  const jobs = await queue.enqueue(orderWorkflow(order));
  return jobs.some(({ deduplicated }) => !deduplicated);
}

/** The same content is the same import, under whatever name it comes. */
async function enqueueImport(
  queue: JobQueue<Queues>,
  source: string,
  kept: KeptOrders,
): Promise<boolean> {
  const { deduplicated } = await queue.enqueue("data_import", { source, ...kept }, {
    correlationId: `import-${kept.contentHash.slice(0, 8)}`,
    idempotencyKey: kept.contentHash,
  });
  return !deduplicated;
}
