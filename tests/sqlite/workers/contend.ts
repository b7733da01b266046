/** Enqueues jobs one after the other for a while, and says how many and how long the slowest took. */
import process from "node:process";
import { JobQueue } from "../../../mod.ts";
import { sqlite } from "../../../src/store/sqlite.ts";

export interface Contend {
  readonly database: string;
  readonly forMs: number;
}

const { database, forMs } = JSON.parse(process.argv[2]!) as Contend;
await using queue = new JobQueue({ store: await sqlite(database) });
let [count, slowestMs] = [0, 0];
for (const endsAt = performance.now() + forMs; performance.now() < endsAt; count++) {
  const askedAt = performance.now();
  await queue.enqueue("orders", { count });
  slowestMs = Math.max(slowestMs, performance.now() - askedAt);
}
console.log(`enqueued ${JSON.stringify({ count, slowestMs })}`);
