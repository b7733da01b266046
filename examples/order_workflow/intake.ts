/** Takes a file of orders in: every good line becomes a workflow, and the whole file an import. */
import { setImmediate } from "node:timers/promises";
import { correlationIdFrom, type JobQueue } from "../../mod.ts";
import { keepOrders, type KeptOrders, type OrderKeeper } from "./orders/kept_orders.ts";
import { type Order, readOrder } from "./orders/order.ts";
import type { OrderLine, OrderLines } from "./orders/order_lines.ts";
import type { Queues } from "./queues.ts";
import { orderWorkflow } from "./workflow.ts";

/** What became of the lines. */
export interface Intake {
  readonly added: number;
  /** Orders whose jobs were there already. */
  readonly known: number;
  readonly refused: number;
  readonly importIsNew: boolean;
}

/** What surrounds an intake. */
export interface IntakeOptions {
  /** Where the good orders are kept for the import. */
  readonly folder: string;
  /** Ends the intake early, and without an import. */
  readonly signal: AbortSignal;
  /** Told of each line that is no order. */
  readonly report: (problem: string) => void;
}

/** Reads all lines and enqueues what they say. */
export async function takeIn(
  queue: JobQueue<Queues>,
  lines: OrderLines,
  { folder, signal, report }: IntakeOptions,
): Promise<Intake> {
  const keeper = await keepOrders(folder);
  try {
    const count = await enqueueOrders(queue, lines.read(signal), keeper, report);
    const isWhole = !signal.aborted && count.added + count.known > 0;
    const importIsNew = isWhole && await enqueueImport(queue, lines.name, await keeper.finish());
    return { ...count, importIsNew };
  } finally {
    await keeper.discard();
  }
}

async function enqueueOrders(
  queue: JobQueue<Queues>,
  lines: AsyncIterable<OrderLine>,
  keeper: OrderKeeper,
  report: IntakeOptions["report"],
): Promise<Omit<Intake, "importIsNew">> {
  const count = { added: 0, known: 0, refused: 0 };
  const ids = new Set<string>();
  for await (const line of lines) {
    const order = orderOn(line, report);
    if (order === undefined) {
      count.refused++;
      continue;
    }
    count[await enqueueOrder(queue, order) ? "added" : "known"]++;
    // An order that comes twice in one file is imported once, as it is paid once.
    if (!ids.has(order.id)) await keeper.add(order);
    ids.add(order.id);
    // SQLite works within this thread: between two orders the workers get their turn.
    await setImmediate();
  }
  return count;
}

/** Says whether it is new. */
async function enqueueOrder(queue: JobQueue<Queues>, order: Order): Promise<boolean> {
  // Its key would add nothing either, but the attempt would be a trace in which nothing happens.
  if (await isThere(queue, correlationIdFrom(order.id))) return false;
  const jobs = await queue.enqueue(orderWorkflow(order));
  return jobs.some(({ deduplicated }) => !deduplicated);
}

async function isThere(queue: JobQueue<Queues>, correlationId: string): Promise<boolean> {
  const { jobs } = await queue.find({ correlationId, limit: 1 });
  return jobs.length > 0;
}

function orderOn({ number, text }: OrderLine, report: IntakeOptions["report"]): Order | undefined {
  try {
    return readOrder(text);
  } catch (error) {
    report(`line ${number}: ${(error as RangeError).message}`);
    return undefined;
  }
}

/** The same content is the same import, under whatever name it comes. */
async function enqueueImport(
  queue: JobQueue<Queues>,
  source: string,
  kept: KeptOrders,
): Promise<boolean> {
  const correlationId = `import-${kept.contentHash.slice(0, 8)}`;
  if (await isThere(queue, correlationId)) return false;
  const { deduplicated } = await queue.enqueue("data_import", { source, ...kept }, {
    correlationId,
    idempotencyKey: kept.contentHash,
  });
  return !deduplicated;
}
