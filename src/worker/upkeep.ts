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

// A store that answers slowly is busy with its upkeep for a fifth of the time at most.
const PAUSE_BY_TIME_TAKEN = 4;

interface LastUpkeep {
  /** When it ended or, while it is under way, when it began. */
  readonly at: number;
  readonly tookMs: number;
}

// Of the process, because the interval is the store's: ticks and pools come and go in it, and each
// would begin with an upkeep of its own. Other processes keep an interval of theirs.
const lastUpkeepByStore = new WeakMap<Store, LastUpkeep>();

/** When the next upkeep of a store is due, by `performance.now()`. */
export function upkeepDueAt(store: Store, settings: readonly WorkerSettings[]): number {
  const last = lastUpkeepByStore.get(store);
  if (last === undefined) return -Infinity;
  const everyMs = Math.min(...settings.map(({ upkeepMs }) => upkeepMs));
  // Zero is no interval: then it is part of every turn.
  return last.at + (everyMs === 0 ? 0 : Math.max(everyMs, PAUSE_BY_TIME_TAKEN * last.tookMs));
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
  onStoreError: (error: unknown) => void,
): Promise<boolean> {
  const all = [...settings.values()];
  const startedAt = performance.now();
  lastUpkeepByStore.set(store, { at: startedAt, tookMs: 0 });
  try {
    const { retentionMs } = all[0]!.source;
    const { expired, refused, removed } = await store.upkeep({ retentionMs, limit: LIMIT });
    const now = performance.now();
    lastUpkeepByStore.set(store, { at: now, tookMs: now - startedAt });
    // A full batch means that more is left: then the next turn goes on.
    if (expired.length >= LIMIT || removed >= LIMIT) lastUpkeepByStore.delete(store);
    for (const { jobId, message } of refused) {
      all[0]!.onError(
        new Error(`The store refuses to end the expired lease of the job ${jobId}: ${message}`),
      );
    }
    for (const record of expired) {
      const settingsOfQueue = settings.get(record.queueName);
      if (settingsOfQueue) hooks.tell(settingsOfQueue, () => expiryEvents(record));
    }
    return expired.length > 0;
  } catch (error) {
    onStoreError(error);
    return false;
  }
}
