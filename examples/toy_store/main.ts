/**
 * A queue on a store of one's own: toy_store.ts, which is a whole store over a `Map`.
 *
 *     node examples/toy_store/main.ts
 *     node --test tests/runtimes/toy_store.test.ts   # holds the store to the conformance suite
 *
 * It prints the e-mail that follows a payment, and the status of both jobs.
 *
 * In a project of your own, import from "hammerwork" where this imports ../../mod.ts.
 */
import { job, JobQueue, WorkerPool } from "../../mod.ts";
import { toyStore } from "./toy_store.ts";

interface Queues {
  payment_queue: { amount: number };
  email_queue: { to: string };
}

const queue = new JobQueue<Queues>({ store: toyStore() });
const correlationId = "order-12345";
const payment = job("payment_queue", { amount: 5 }, { correlationId });
const email = job("email_queue", { to: "a@example.com" }, { correlationId, dependsOn: [payment] });
await queue.enqueue([payment, email]);

await new WorkerPool([
  queue.worker("payment_queue", () => {}),
  queue.worker("email_queue", ({ payload }) => console.log(`To ${payload.to}`)),
]).tick();

const { jobs } = await queue.find({ correlationId });
for (const { queueName, status } of jobs) console.log(`${queueName}: ${status}`);
