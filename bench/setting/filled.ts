/**
 * Jobs that wait to be drained, enqueued by nobody who is measured.
 *
 * @module
 */
import { JobQueue } from "../../mod.ts";
import { openStore } from "../measured/open_store.ts";
import { enqueueMany, type Trivial } from "../measured/trivial.ts";

/** Enqueues the jobs up to a number. */
export async function fill(address: string, end: number, begin: number = 0): Promise<void> {
  await using queue = new JobQueue<{ trivial: Trivial }>({ store: await openStore(address) });
  await enqueueMany(queue, end, begin);
}
