/**
 * Jobs in memory: for tests, for one isolate, for work that may be lost with the process.
 *
 * @module
 */
import { checkOptionNames } from "../job/checks.ts";
import { MemoryTable } from "./memory/table.ts";
import type { Store } from "./store.ts";
import { synchronousStore } from "./transitions/synchronous_store.ts";

/** How a memory store is set up. */
export interface MemoryOptions {
  /** The store's clock, in ms since 1970. Default `Date.now`. */
  readonly now?: (() => number) | undefined;
}

/**
 * Makes a store in memory. It runs everywhere and its jobs end with the process.
 *
 * ```ts
 * import { JobQueue, memory } from "hammerwork";
 * import assert from "node:assert/strict";
 *
 * const queue = new JobQueue({ store: memory() });
 * await queue.enqueue("email_queue", { to: "a@example.com" });
 * const { queues } = await queue.stats();
 * assert.equal(queues[0]?.jobs.ready, 1);
 * ```
 */
export function memory(options: MemoryOptions = {}): Store {
  checkOptionNames("A memory store", options, { now: true });
  const { now = Date.now } = options;
  return synchronousStore(new MemoryTable(), {
    name: "memory()",
    now,
    // Enqueues wake the workers of this process, so polling is only for what is not announced.
    hints: { pollMs: 1_000, hearsOthers: true },
  });
}
