/**
 * Enqueues jobs, by some callers at once, until the file cannot grow, and says how many were answered
 * and what was thrown first.
 */
import process from "node:process";
import { JobQueue } from "../../../mod.ts";
import { sqlite } from "../../../src/store/sqlite.ts";

export interface Fill {
  readonly database: string;
  readonly callers: number;
}

const { database, callers } = JSON.parse(process.argv[2]!) as Fill;
const queue = new JobQueue({ store: await sqlite(database) });
const payload = "x".repeat(10_000);
let enqueued = 0;
let stopped: Error | undefined;
await Promise.all(Array.from({ length: callers }, fill));
console.log(`stopped ${JSON.stringify({ enqueued, ...said(stopped!) })}`);
// No close: what a full disk left must be whole without it.
process.exit(0);

async function fill(): Promise<void> {
  try {
    for (;;) {
      await queue.enqueue("orders", payload);
      enqueued++;
    }
  } catch (error) {
    stopped ??= error as Error;
  }
}

function said({ name, message }: Error): object {
  return { name, message };
}
