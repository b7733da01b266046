/**
 * Enqueues jobs by some callers at once until it is killed, and notes the id of each that was answered
 * in a file of its own, outside of the store.
 */
import { appendFileSync } from "node:fs";
import process from "node:process";
import { JobQueue } from "../../../mod.ts";
import { sqlite } from "../../../src/store/sqlite.ts";

export interface EnqueueAtOnce {
  readonly database: string;
  readonly record: string;
  readonly callers: number;
}

const { database, record, callers } = JSON.parse(process.argv[2]!) as EnqueueAtOnce;
const queue = new JobQueue({ store: await sqlite(database) });
await Promise.all(Array.from({ length: callers }, async () => {
  for (;;) {
    const { id } = await queue.enqueue("orders", {});
    appendFileSync(record, `${id}\n`);
  }
}));
