/** What the types allow and refuse; the compiler is the test, nothing here is called. */

import { test } from "node:test";
import { type Job, job, JobQueue, memory, type Store } from "../../mod.ts";
import type { JobClient } from "../../src/client.ts";
import type { Sql } from "../../src/store/postgres.ts";

interface Shop {
  payment_queue: { amount: number };
  email_queue: { to: string };
  report_queue: { payload: { month: number }; result: { url: string } };
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

async function resultsAreTyped(queue: JobQueue<Shop>, client: JobClient<Shop>): Promise<void> {
  await queue.enqueue("report_queue", { month: 1 });
  await queue.enqueue([job("report_queue", { month: 1 }), job("email_queue", { to: "" })]);
  // @ts-expect-error: the payload is what the map says of it, not the whole.
  await queue.enqueue("report_queue", { payload: { month: 1 }, result: { url: "" } });
  queue.worker("report_queue", ({ payload, result }, ctx) => {
    result satisfies { url: string } | undefined;
    void ctx.enqueue("report_queue", { month: payload.month + 1 });
    return { url: `/${payload.month}` };
  }, {
    onJobComplete: ({ job }) => void (job.result satisfies { url: string } | undefined),
  });
  queue.worker("report_queue", async () => await Promise.resolve({ url: "/" }));
  // @ts-expect-error: the handler returns another result.
  queue.worker("report_queue", () => ({ href: "/" }));
  // @ts-expect-error: nor may it return none.
  queue.worker("report_queue", async () => {});
  const report = await queue.get<"report_queue">("");
  report?.result satisfies { url: string } | undefined;
  // @ts-expect-error: a report's result has no such property.
  report?.result?.href;
  for (const found of (await queue.find()).jobs) {
    if (found.queueName === "report_queue") found.result satisfies { url: string } | undefined;
    // @ts-expect-error: it may be another queue's.
    found.result satisfies { url: string } | undefined;
  }
  for (const { job } of (await queue.tree({ queueName: "report_queue" })).roots) {
    job satisfies Job<"report_queue", { month: number }, { url: string }>;
  }
  (await queue.enqueue("report_queue", { month: 1 })).result satisfies { url: string } | undefined;
  (await client.get<"report_queue">(""))?.result satisfies { url: string } | undefined;
  await client.enqueue("report_queue", { month: 1 });
  // @ts-expect-error: the payload is another queue's.
  await client.enqueue("report_queue", { to: "" });
}

/** A payload with a `payload` and more beside `result`, or with one of the two, is the short form. */
async function onlyTheTwoAreALongForm(
  queue: JobQueue<{
    more: { payload: number; result: number; other: number };
    half: { payload: number };
    anything: unknown;
    // deno-lint-ignore no-explicit-any
    whatever: any;
  }>,
): Promise<void> {
  await queue.enqueue("more", { payload: 1, result: 1, other: 1 });
  await queue.enqueue("half", { payload: 1 });
  await queue.enqueue("anything", [1]);
  await queue.enqueue("whatever", [1]);
  queue.worker("half", ({ payload }) => payload.payload);
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
    resultsAreTyped,
    onlyTheTwoAreALongForm,
    foundJobsTellTheirQueue,
    onlySomeStoresHaveTransactions,
  ];
});
