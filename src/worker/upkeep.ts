/**
 * Upkeep: expired leases are swept and old jobs removed by whoever works, so no daemon is needed.
 *
 * @module
 */
import type { HookCalls } from "./hook_calls.ts";
import { expiryEvents } from "./lifecycle.ts";
import type { Store } from "../store/store.ts";
import type { WorkerSettings } from "./worker_settings.ts";

// One upkeep blocks a file for a few ms at the most; what is left waits for the next.
const LIMIT = 500;

// Ticks come and go in one process: they share the interval of their store.
const lastUpkeep = new WeakMap<Store, number>();

/** When the next upkeep of a store is due, by `performance.now()`. */
export function upkeepDueAt(store: Store, settings: readonly WorkerSettings[]): number {
  const every = Math.min(...settings.map(({ upkeepMs }) => upkeepMs));
  return (lastUpkeep.get(store) ?? -Infinity) + every;
}

/**
 * Does the upkeep of a store, and tells of the jobs whose worker was lost. Never rejects.
 *
 * @returns Whether jobs became ready by it.
 */
export async function doUpkeep(
  store: Store,
  settings: ReadonlyMap<string, WorkerSettings>,
  hooks: HookCalls,
): Promise<boolean> {
  const all = [...settings.values()];
  lastUpkeep.set(store, performance.now());
  try {
    const { retentionMs } = all[0]!.source;
    const { expired, removed } = await store.upkeep({ retentionMs, limit: LIMIT });
    // A full batch means that more is left: then the next turn goes on.
    if (expired.length >= LIMIT || removed >= LIMIT) lastUpkeep.delete(store);
    for (const record of expired) {
      const settingsOfQueue = settings.get(record.queueName);
      if (settingsOfQueue) hooks.tell(settingsOfQueue, () => expiryEvents(record));
    }
    return expired.length > 0;
  } catch (error) {
    all[0]!.onError(error);
    return false;
  }
}
