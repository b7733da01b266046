/**
 * Works on the queue `jobs` of a database. Its hook for the ends of traces says `telling` and never
 * returns.
 */
import process from "node:process";
import { JobQueue } from "../../../mod.ts";
import { postgres } from "../../../src/store/postgres.ts";

export interface Telling {
  readonly url: string;
  readonly leaseMs: number;
}

const { url, leaseMs } = JSON.parse(process.argv[2]!) as Telling;
await using queue = new JobQueue({ store: await postgres(url) });
await queue.worker("jobs", () => {}, {
  leaseMs,
  onTraceComplete: () => {
    console.log("telling");
    return new Promise(() => {});
  },
}).run();
