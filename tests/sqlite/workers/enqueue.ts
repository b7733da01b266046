/** Enqueues numbered jobs, one call each, and says how many of them were there before. */
import process from "node:process";
import { JobQueue } from "../../../mod.ts";
import { sqlite } from "../../../src/store/sqlite.ts";

export interface Enqueue {
  readonly database: string;
  readonly queueName: string;
  readonly count: number;
}

const { database, queueName, count } = JSON.parse(process.argv[2]!) as Enqueue;
await using queue = new JobQueue({ store: await sqlite(database) });
let deduplicated = 0;
for (let number = 0; number < count; number++) {
  const options = { idempotencyKey: `order ${number}` };
  const job = await queue.enqueue(queueName, { number }, options);
  if (job.deduplicated) deduplicated++;
}
console.log(`deduplicated ${deduplicated}`);
