/**
 * Enqueues pairs of a payment and a mail that depends on it, in two calls, so that the payment may
 * end before, while or after the mail is added.
 */
import process from "node:process";
import { JobQueue } from "../../../mod.ts";
import { sqlite } from "../../../src/store/sqlite.ts";

export interface EnqueuePairs {
  readonly database: string;
  readonly count: number;
}

const { database, count } = JSON.parse(process.argv[2]!) as EnqueuePairs;
await using queue = new JobQueue({ store: await sqlite(database) });
for (let number = 0; number < count; number++) {
  const payment = await queue.enqueue("payments", { number });
  await queue.enqueue("mails", { number }, { dependsOn: [payment] });
}
console.log("done");
