/**
 * Works on queues of a database until SIGTERM, and records what its handlers did in a file of its
 * own, outside of the store. It says `ready` when it works and at last what it did.
 */
import process from "node:process";
import { setTimeout } from "node:timers/promises";
import { JobQueue, WorkerPool } from "../../../mod.ts";
import { postgres } from "../../../src/store/postgres.ts";
import { openRecord } from "../run_record.ts";

export interface Work {
  readonly url: string;
  readonly record: string;
  readonly queueNames: readonly string[];
  readonly leaseMs?: number;
  readonly handlerMs?: number;
  readonly concurrency?: number;
  readonly prepare?: boolean;
  readonly callTimeoutMs?: number;
}

/** How many of a job's first attempts are meant to fail, or that it ends its process. */
export interface Task {
  readonly failures?: number;
  readonly isPoison?: boolean;
}

const { url, record, queueNames, handlerMs = 0, prepare, callTimeoutMs, ...limits } = JSON.parse(
  process.argv[2]!,
) as Work;
const stopping = new AbortController();
process.once("SIGTERM", () => stopping.abort());
const note = openRecord(record);

await using queue = new JobQueue<Record<string, Task>>({
  store: await postgres(url, { prepare, callTimeoutMs }),
});
const workers = queueNames.map((queueName) =>
  queue.worker(queueName, async ({ id, attempts, payload }) => {
    note("start", id, attempts);
    if (payload.isPoison) process.kill(process.pid, "SIGKILL");
    if (handlerMs > 0) await setTimeout(handlerMs);
    note("end", id, attempts);
    if (attempts <= (payload.failures ?? 0)) throw new Error("This attempt is meant to fail");
    return record;
  }, {
    ...limits,
    onJobComplete: ({ job, attempt }) => note("complete", job.id, attempt),
    onError: (error) => note("trouble", String(error).replaceAll(/\s+/g, "_"), 0),
  })
);
const running = new WorkerPool(workers).run({ signal: stopping.signal });
console.log("ready");
console.log(`result ${JSON.stringify(await running)}`);
