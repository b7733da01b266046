/** Works on one queue of a file until SIGTERM, with a handler that enqueues two jobs for each. */
import process from "node:process";
import { job, JobQueue } from "../../../mod.ts";
import { sqlite } from "../../../src/store/sqlite.ts";

export interface Grow {
  readonly database: string;
  readonly queueName: string;
}

const { database, queueName } = JSON.parse(process.argv[2]!) as Grow;
const stopping = new AbortController();
process.once("SIGTERM", () => stopping.abort());

await using queue = new JobQueue({ store: await sqlite(database) });
const worker = queue.worker(queueName, async (_job, { enqueue }) => {
  await enqueue([job(queueName, {}), job(queueName, {})]);
});
const running = worker.run({ signal: stopping.signal });
console.log("ready");
await running;
