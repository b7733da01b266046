/** Enqueues jobs until the file cannot grow, and says how many there are and what was thrown. */
import process from "node:process";
import { JobQueue } from "../../../mod.ts";
import { sqlite } from "../../../src/store/sqlite.ts";

export interface Fill {
  readonly database: string;
}

const { database } = JSON.parse(process.argv[2]!) as Fill;
const queue = new JobQueue({ store: await sqlite(database) });
const payload = "x".repeat(10_000);
for (let enqueued = 0;; enqueued++) {
  try {
    await queue.enqueue("orders", payload);
  } catch (error) {
    const { name, message } = error as Error;
    console.log(`stopped ${JSON.stringify({ enqueued, name, message })}`);
    break;
  }
}
// No close: what a full disk left must be whole without it.
process.exit(0);
