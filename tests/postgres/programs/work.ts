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

/** What a job's handler does beside taking its time. */
export interface Task {
  /** How many of the first attempts are meant to fail. */
  readonly failures?: number;
  /** Whether it ends its process. */
  readonly isPoison?: boolean;
  /** How many children it has, which have as many. */
  readonly children?: number;
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
  queue.worker(queueName, async ({ id, attempts, payload }, { enqueue }) => {
    note("start", id, attempts);
    for (let child = 0; child < (payload.children ?? 0); child++) await enqueue(queueName, payload);
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
