/**
 * Two orders, an hour and a half after their jobs ran, with ids that never change, so that output can
 * be compared exactly.
 */

import { job, type JobOptions, JobQueue, type NewJob, type Store } from "../../mod.ts";
import type { Change } from "../../src/store.ts";
import type { Place } from "./places.ts";

/** An order that has ended: with a retry, a failure, a child, and a dependent that was cancelled. */
export const ended = {
  traceId: "550e8400e29b41d4a716446655440000",
  correlationId: "order-12345",
  payment: "01890a5d-ac96-7742-8000-000000a10001",
  email: "01890a5d-ac96-7742-8000-000000a20002",
  invoice: "01890a5d-ac96-7742-8000-000000a30003",
  ledger: "01890a5d-ac96-7742-8000-000000a40004",
  receipt: "01890a5d-ac96-7742-8000-000000a50005",
} as const;

/** An order whose jobs wait: for their time, for another job, for a worker. */
export const waiting = {
  traceId: "4bf92f3577b34da6a3ce929d0e0e4736",
  correlationId: "order-777",
  later: "01890a5d-ac96-7742-8000-000000b10006",
  blocked: "01890a5d-ac96-7742-8000-000000b20007",
  ready: "01890a5d-ac96-7742-8000-0000b3abc123",
} as const;

interface Clock {
  time: number;
}

export async function makeOrders(place: Place): Promise<void> {
  const clock = { time: Date.now() - 90 * 60_000 };
  await using queue = new JobQueue({ store: await place.open(() => clock.time) });
  await workOnOrder(queue, clock);
  const { traceId, correlationId } = waiting;
  const order = { traceId, correlationId };
  const later = withId(waiting.later, "reminder_queue", { ...order, delayMs: 86_400_000 });
  await queue.enqueue([
    later,
    withId(waiting.blocked, "email_queue", { ...order, dependsOn: [later] }),
    withId(waiting.ready, "payment_queue", order),
  ]);
}

/** By the store's own calls: how long a handler runs is measured, and would differ each time. */
async function workOnOrder(queue: JobQueue, clock: Clock): Promise<void> {
  const { traceId, correlationId } = ended;
  const order = { traceId, correlationId };
  const payment = withId(ended.payment, "payment_queue", order);
  const invoice = withId(ended.invoice, "invoice_queue", { ...order, maxAttempts: 1 });
  await queue.enqueue([
    payment,
    withId(ended.email, "email_queue", { ...order, dependsOn: [payment] }),
    invoice,
    withId(ended.ledger, "ledger_queue", { ...order, dependsOn: [invoice] }),
  ]);
  const run = async (queueName: string, runMs: number, change: Change) =>
    await attempt(queue.store, clock, queueName, runMs, change);
  clock.time += 100;
  await run("payment_queue", 200, {
    status: "retrying",
    outcome: "failed",
    error: { name: "Error", message: "The gateway answered 503" },
    delayMs: 200,
  });
  await run("invoice_queue", 100, {
    status: "failed",
    outcome: "failed",
    error: { name: "TypeError", message: "No address\nin the order" },
  });
  clock.time += 100;
  await queue.enqueue(withId(ended.receipt, "receipt_queue", { ...order, parent: payment }));
  await run("payment_queue", 300, {
    status: "completed",
    outcome: "completed",
    result: '{"paid":true}',
  });
  await run("email_queue", 100, { status: "completed", outcome: "completed" });
  await run("receipt_queue", 100, { status: "completed", outcome: "completed" });
}

async function attempt(
  store: Store,
  clock: Clock,
  queueName: string,
  runMs: number,
  change: Change,
): Promise<void> {
  const claims = [{ queueName, limit: 1, leaseMs: 60_000 }];
  const { claimed } = await store.settleAndClaim({ settlements: [], claims });
  const { id: jobId, leaseToken } = claimed[0]!;
  clock.time += runMs;
  await store.settleAndClaim({ settlements: [{ jobId, leaseToken, change, runMs }], claims: [] });
}

function withId(id: string, queueName: string, options: JobOptions): NewJob {
  return { ...job(queueName, { queue: queueName }, options), id };
}

/** A queue for a test that sets things up itself. */
export function queueOn(store: Store): JobQueue {
  return new JobQueue({ store });
}
