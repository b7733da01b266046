/** What the types allow and refuse; the compiler is the test, nothing here is called. */

import { test } from "node:test";
import { type Job, job, JobQueue, memory, type Store } from "../../mod.ts";
import type { Sql } from "../../src/store/postgres.ts";

interface Shop {
  payment_queue: { amount: number };
  email_queue: { to: string };
}

async function wrongQueuesAndPayloads(queue: JobQueue<Shop>): Promise<void> {
  await queue.enqueue("email_queue", { to: "a@example.com" });
  // @ts-expect-error: there is no such queue.
  await queue.enqueue("emial_queue", { to: "a@example.com" });
  // @ts-expect-error: the payload is another queue's.
  await queue.enqueue("email_queue", { amount: 5 });
  // @ts-expect-error: a required property is missing.
  await queue.enqueue(job("email_queue", {}));
  // @ts-expect-error: there is no such option.
  await queue.enqueue("email_queue", { to: "a@example.com" }, { retries: 5 });
  await queue.enqueue([job("email_queue", { to: "" }), job("payment_queue", { amount: 5 })]);
  // @ts-expect-error: one of the list is wrong.
  await queue.enqueue([job("email_queue", { to: "" }), job("payment_queue", { amount: "5" })]);
}

function handlersKnowTheirPayload(queue: JobQueue<Shop>): void {
  queue.worker("payment_queue", async ({ payload }, ctx) => {
    const amount: number = payload.amount;
    // @ts-expect-error: a payment has no such property.
    payload.to;
    await ctx.enqueue("email_queue", { to: String(amount) });
    // @ts-expect-error: the payload is another queue's.
    await ctx.enqueue("email_queue", { amount });
  }, {
    onJobComplete: ({ job }) => {
      const amount: number = job.payload.amount;
      return void amount;
    },
  });
  // @ts-expect-error: there is no such queue.
  queue.worker("emial_queue", () => {});
}

async function foundJobsTellTheirQueue(queue: JobQueue<Shop>): Promise<void> {
  for (const found of (await queue.find()).jobs) {
    if (found.queueName === "payment_queue") found.payload.amount.toFixed(2);
    // @ts-expect-error: it may be an e-mail.
    found.payload.amount;
  }
  const [email] = (await queue.find({ queueName: "email_queue" })).jobs;
  email satisfies Job<"email_queue", { to: string }> | undefined;
}

async function onlySomeStoresHaveTransactions(sql: Sql, store: Store<Sql>): Promise<void> {
  const inPostgres = new JobQueue<Shop, Sql>({ store });
  await inPostgres.enqueue("email_queue", { to: "" }, { transaction: sql });
  await inPostgres.enqueue([job("email_queue", { to: "" })], { transaction: sql });
  const inMemory = new JobQueue<Shop>({ store: memory() });
  // @ts-expect-error: memory has no transactions.
  await inMemory.enqueue("email_queue", { to: "" }, { transaction: sql });
}

test("wrong queues, payloads, options and transactions are compile errors", () => {
  void [
    wrongQueuesAndPayloads,
    handlersKnowTheirPayload,
    foundJobsTellTheirQueue,
    onlySomeStoresHaveTransactions,
  ];
});
