/**
 * Maintenance: expired leases are swept and old jobs removed by whoever works, so no daemon is needed.
 *
 * @module
 */
import { BatchSize } from "./batch_size.ts";
import type { HookCalls } from "./hooks.ts";
import { expiryEvents } from "./events.ts";
import type { Store } from "../store/store.ts";
import type { WorkerSettings } from "./options.ts";

// One maintenance run blocks a file for a few ms at the most; what is left waits for the next.
const LIMIT = 500;

interface StoreMaintenance {
  /** When the last one ended or, while it is under way, when it began. */
  lastAt: number;
  lastTookMs: number;
  readonly batch: BatchSize;
}

// Of the process, because the interval is the store's: ticks and pools come and go in it, and each
// would begin with a maintenance run of its own. Other processes keep an interval of theirs.
const maintenanceByStore = new WeakMap<Store, StoreMaintenance>();

/** When the next maintenance run of a store is due, by `performance.now()`. */
export function maintenanceDueAt(store: Store, settings: readonly WorkerSettings[]): number {
  const maintenance = maintenanceByStore.get(store);
  if (maintenance === undefined) return -Infinity;
  const everyMs = Math.min(...settings.map(({ maintenanceMs }) => maintenanceMs));
  // A store that answers slowly is busy with it for half of the time at most. Zero is no interval: then
  // it is part of every turn.
  const pauseMs = Math.max(everyMs, maintenance.lastTookMs);
  return maintenance.lastAt + (everyMs === 0 ? 0 : pauseMs);
}

/**
 * Does the maintenance of a store, and tells of the jobs whose worker was lost. Never rejects.
 *
 * @returns Whether jobs became ready by it.
 */
export async function doMaintenance(
  store: Store,
  settings: ReadonlyMap<string, WorkerSettings>,
  hooks: HookCalls,
  onStoreError: (error: unknown) => void,
): Promise<boolean> {
  const { retentionMs } = [...settings.values()][0]!.source;
  const maintenance = maintenanceOf(store);
  const startedAt = performance.now();
  Object.assign(maintenance, { lastAt: startedAt, lastTookMs: 0 });
  const limit = Math.min(LIMIT, maintenance.batch.most);
  try {
    const { expired, refused, removed } = await store.maintain({ retentionMs, limit });
    const now = performance.now();
    maintenance.batch.wasDone(limit);
    // A full batch means that more is left: then the next turn goes on.
    const hasMore = expired.length >= limit || removed >= limit;
    Object.assign(maintenance, { lastAt: hasMore ? -Infinity : now, lastTookMs: now - startedAt });
    for (const { jobId, message } of refused) {
      onStoreError(
        new Error(`The store refuses to end the expired lease of the job ${jobId}: ${message}`),
      );
    }
    for (const record of expired) {
      const settingsOfQueue = settings.get(record.queueName);
      if (settingsOfQueue) hooks.tell(settingsOfQueue, () => expiryEvents(record));
    }
    return expired.length > 0;
  } catch (error) {
    maintenance.batch.failed(limit, error);
    onStoreError(error);
    return false;
  }
}

function maintenanceOf(store: Store): StoreMaintenance {
  const known = maintenanceByStore.get(store);
  if (known !== undefined) return known;
  const maintenance = { lastAt: -Infinity, lastTookMs: 0, batch: new BatchSize() };
  maintenanceByStore.set(store, maintenance);
  return maintenance;
}
