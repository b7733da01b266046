/** A table of the business processes: each order and each import, with the statuses of its jobs. */
import { type JobOf, type JobQueue, jobStatuses } from "../../../mod.ts";
import { showMoney } from "../orders/money.ts";
import { addSums } from "../orders/sums.ts";
import type { Queues } from "../workflow.ts";
import { columns, counted } from "./text.ts";

type Jobs = readonly JobOf<Queues>[];

const HEAD = ["correlation id", "jobs", "status", "total"];
const ALIGN_RIGHT = [1, 3];
// The limits of a readable list.
const MAX_ORDERS = 20;
const MAX_IMPORTS = 3;

/** A table by correlation id: the newest orders, the newest that failed, the newest imports. */
export async function summaryOf(queue: JobQueue<Queues>): Promise<string> {
  const orders = await newestOrders(queue);
  const imports = (await queue.find({ queueName: "data_import", limit: MAX_IMPORTS })).jobs;
  const ids = [...orders, ...[...imports].reverse()].map(({ correlationId }) => correlationId);
  const groups = await Promise.all(ids.map((id) => jobsOf(queue, id)));
  const more = await countOrders(queue) - orders.length;
  const [head = "", ...lines] = columns([HEAD, ...groups.map(rowOf)], ALIGN_RIGHT).split("\n");
  return [
    head,
    ...withNotes(lines, groups),
    ...(more > 0 ? [`and ${counted(more, "more order")}`] : []),
    "",
    `To look one up: queue.find({ correlationId: "${ids[0]}" })`,
  ].join("\n");
}

/** By their payments: every order has one. */
async function newestOrders(queue: JobQueue<Queues>): Promise<Jobs> {
  const about = { queueName: "payment_queue", limit: MAX_ORDERS } as const;
  const newest = (await queue.find(about)).jobs;
  const failed = (await queue.find({ ...about, status: "failed" })).jobs;
  const byId = new Map([...newest, ...failed].map((job) => [job.id, job]));
  // Later ids sort later.
  return [...byId.values()].sort((a, b) => a.id < b.id ? -1 : 1);
}

async function countOrders(queue: JobQueue<Queues>): Promise<number> {
  const { queues } = await queue.stats();
  const payments = queues.find(({ queueName }) => queueName === "payment_queue");
  return Object.values(payments?.jobs ?? {}).reduce((sum, count) => sum + count, 0);
}

async function jobsOf(queue: JobQueue<Queues>, correlationId: string | undefined): Promise<Jobs> {
  return (await queue.find({ correlationId })).jobs;
}

function rowOf(jobs: Jobs): readonly string[] {
  const payment = jobs.find((job) => job.queueName === "payment_queue")?.payload;
  return [
    jobs[0]?.correlationId ?? "",
    String(jobs.length),
    statusesOf(jobs),
    payment ? showMoney(payment.totalCents, payment.currency) : "",
  ];
}

/** `completed`, or the count of each status. */
function statusesOf(jobs: Jobs): string {
  const found = jobStatuses
    .map((status) => ({ status, count: jobs.filter((job) => job.status === status).length }))
    .filter(({ count }) => count > 0);
  if (found.length === 1) return found[0]?.status ?? "";
  return found.map(({ status, count }) => `${count} ${status}`).join(", ");
}

function withNotes(lines: readonly string[], groups: readonly Jobs[]): readonly string[] {
  return lines.flatMap((line, i) => {
    const jobs = groups[i] ?? [];
    return [line, ...[...failuresIn(jobs), ...importedBy(jobs)].map((note) => `    ${note}`)];
  });
}

function failuresIn(jobs: Jobs): readonly string[] {
  return jobs.filter(({ status }) => status === "failed")
    .map(({ queueName, error }) => `${queueName} failed: ${error?.message}`);
}

/** The sums of the batches of an import. */
function importedBy(jobs: Jobs): readonly string[] {
  const source = jobs.find((job) => job.queueName === "data_import")?.payload.source;
  if (source === undefined) return [];
  const sums = jobs.flatMap((job) =>
    job.queueName === "process_batch" && job.result !== undefined ? [job.result] : []
  );
  const { orders, units, cents } = addSums(sums);
  const unitCount = Object.values(units).reduce((sum, count) => sum + count, 0);
  const money = Object.entries(cents).sort().map(([currency, sum]) => showMoney(sum, currency));
  return [
    `${source} in ${counted(sums.length, "batch", "batches")}: ` +
    [counted(orders, "order"), counted(unitCount, "unit"), ...money].join(", "),
  ];
}
