/** Takes a file of orders in: each valid line becomes a workflow, and the whole file an import. */
import { setImmediate } from "node:timers/promises";
import { correlationIdFrom, type JobQueue } from "../../mod.ts";
import { keepOrders, type KeptOrders, type OrderKeeper } from "./orders/kept_orders.ts";
import { type Order, readOrder } from "./orders/order.ts";
import type { OrderLine, OrderLines } from "./orders/order_lines.ts";
import { counted } from "./report/text.ts";
import { orderWorkflow, type Queues } from "./workflow.ts";

/** The result: how many lines were what. */
export interface Intake {
  readonly added: number;
  /** Orders whose jobs existed already. */
  readonly known: number;
  readonly refused: number;
  readonly importIsNew: boolean;
}

/** The options of an intake. */
export interface IntakeOptions {
  /** Where the valid orders are stored for the import. */
  readonly folder: string;
  /** Ends the intake early and without an import. */
  readonly signal: AbortSignal;
  /** Called for each line that is not an order. */
  readonly onProblem: (problem: string) => void;
}

/** Reads all lines and enqueues their jobs. */
export async function takeIn(
  queue: JobQueue<Queues>,
  lines: OrderLines,
  { folder, signal, onProblem }: IntakeOptions,
): Promise<Intake> {
  const keeper = await keepOrders(folder);
  try {
    const count = await enqueueOrders(queue, lines.read(signal), keeper, onProblem);
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
  onProblem: IntakeOptions["onProblem"],
): Promise<Omit<Intake, "importIsNew">> {
  const count = { added: 0, known: 0, refused: 0 };
  const ids = new Set<string>();
  for await (const line of lines) {
    const order = orderOn(line, onProblem);
    if (order === undefined) {
      count.refused++;
      continue;
    }
    count[await enqueueOrder(queue, order) ? "added" : "known"]++;
    // An order that is in the file twice is imported once, as it is charged once.
    if (!ids.has(order.id)) await keeper.add(order);
    ids.add(order.id);
    // SQLite runs in this thread: the workers run between two orders.
    await setImmediate();
  }
  return count;
}

/** Returns whether the order is new. */
async function enqueueOrder(queue: JobQueue<Queues>, order: Order): Promise<boolean> {
  // The idempotency key would prevent a second job, but not an empty trace of the enqueue.
  if (await exists(queue, correlationIdFrom(order.id))) return false;
  const jobs = await queue.enqueue(orderWorkflow(order));
  return jobs.some(({ deduplicated }) => !deduplicated);
}

async function exists(queue: JobQueue<Queues>, correlationId: string): Promise<boolean> {
  const { jobs } = await queue.find({ correlationId, limit: 1 });
  return jobs.length > 0;
}

function orderOn(
  { number, text }: OrderLine,
  onProblem: IntakeOptions["onProblem"],
): Order | undefined {
  try {
    return readOrder(text);
  } catch (error) {
    onProblem(`line ${number}: ${(error as RangeError).message}`);
    return undefined;
  }
}

/** The same content is the same import, whatever the name of the file. */
async function enqueueImport(
  queue: JobQueue<Queues>,
  source: string,
  kept: KeptOrders,
): Promise<boolean> {
  const correlationId = `import-${kept.contentHash.slice(0, 8)}`;
  if (await exists(queue, correlationId)) return false;
  const { deduplicated } = await queue.enqueue("data_import", { source, ...kept }, {
    correlationId,
    idempotencyKey: kept.contentHash,
  });
  return !deduplicated;
}

/** A line about the result of an intake. */
export function intakeText({ added, known, refused, importIsNew }: Intake, source: string): string {
  const refusal = refused > 0 ? `; ${counted(refused, "line was", "lines were")} refused` : "";
  if (added + known === 0) return `No orders were found in ${source}${refusal}`;
  if (added > 0) {
    const there = known > 0 ? `, ${counted(known, "existed", "existed")} already` : "";
    return `${counted(added, "order")} added from ${source}${there}${refusal}`;
  }
  const addition = importIsNew ? "only the import was added" : "nothing added";
  return `${counted(known, "order")} existed already; ${addition}${refusal}`;
}
