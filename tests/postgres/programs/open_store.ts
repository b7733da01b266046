/** Opens the store of a database at a signal, so that several do at once, and enqueues one job. */
import { once } from "node:events";
import process from "node:process";
import { JobQueue } from "../../../mod.ts";
import { postgres } from "../../../src/store/postgres.ts";

export interface OpenStore {
  readonly url: string;
}

const { url } = JSON.parse(process.argv[2]!) as OpenStore;
const told = once(process, "SIGTERM");
const waiting = setInterval(() => {}, 1_000);
console.log("ready");
await told;
clearInterval(waiting);
await using queue = new JobQueue({ store: await postgres(url) });
const { id } = await queue.enqueue("orders", {});
console.log(`stored ${id}`);
