/**
 * The smallest program: one queue, one worker, and a lookup of the jobs of a trace.
 *
 *     node examples/quickstart.ts
 *
 * It prints the e-mail that the handler sends and, for each job of the trace, its queue and status.
 *
 * In a project of your own, import from "hammerwork" where this imports ../mod.ts.
 */
import { JobQueue, memory } from "../mod.ts";

interface Queues {
  email_queue: { to: string; template: string };
}

const queue = new JobQueue<Queues>({ store: memory() });
const worker = queue.worker("email_queue", (job) => {
  console.log(`To ${job.payload.to}: ${job.payload.template}`);
});

const { traceId } = await queue.enqueue("email_queue", {
  to: "a@example.com",
  template: "order_confirmation",
}, { correlationId: "order-12345" });

await worker.tick(); // runs what is ready; worker.run() works until it is stopped

const { jobs } = await queue.find({ traceId });
for (const job of jobs) console.log(`${job.queueName}: ${job.status} (${job.correlationId})`);
