/** Opens a store, waits for its queues to be rung for, closes it at a signal, and ends by itself. */
import { once } from "node:events";
import process from "node:process";
import { postgres } from "../../../src/store/postgres.ts";

export interface CloseStore {
  readonly url: string;
}

const { url } = JSON.parse(process.argv[2]!) as CloseStore;
const told = once(process, "SIGTERM");
const waiting = setInterval(() => {}, 1_000);
const store = await postgres(url);
store.onNotice?.(() => {});
await store.counts();
console.log("ready");
await told;
clearInterval(waiting);
await store.close();
// A client that goes on with it listens no more.
store.onNotice?.(() => {});
console.log("closed");
