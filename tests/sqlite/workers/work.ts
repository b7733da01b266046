/**
 * Works on one queue of a file until SIGTERM, and records each handler's start and end in a file of
 * its own, outside of the store. It says `ready` when it works and at last what it did.
 */
import { appendFileSync } from "node:fs";
import process from "node:process";
import { setTimeout } from "node:timers/promises";
import { JobQueue } from "../../../mod.ts";
import { sqlite } from "../../../src/store/sqlite.ts";

export interface Work {
  readonly database: string;
  readonly record: string;
  readonly queueName: string;
  readonly leaseMs?: number;
  readonly handlerMs?: number;
  readonly pollMs?: number;
  /** Whether the handler stops its process as SIGSTOP does. Only so is it outside of a transaction. */
  readonly stops?: boolean;
}

const { database, record, queueName, leaseMs, handlerMs = 0, pollMs, stops } = JSON.parse(
  process.argv[2]!,
) as Work;
const stopping = new AbortController();
process.once("SIGTERM", () => stopping.abort());

await using queue = new JobQueue<
  Record<string, { readonly isPoison?: boolean; readonly fails?: boolean }>
>({
  store: await sqlite(database),
});
const worker = queue.worker(queueName, async ({ id, payload }) => {
  note("start", id);
  if (payload.isPoison) process.kill(process.pid, "SIGKILL");
  if (payload.fails) throw new Error("It fails each time");
  if (stops) process.kill(process.pid, "SIGSTOP");
  if (handlerMs > 0) await setTimeout(handlerMs);
  note("end", id);
  return record;
}, { leaseMs, pollMs });
const running = worker.run({ signal: stopping.signal });
console.log("ready");
console.log(`result ${JSON.stringify(await running)}`);

function note(what: "start" | "end", id: string): void {
  appendFileSync(record, `${what} ${id} ${Date.now()}\n`);
}
