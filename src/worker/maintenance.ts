/**
 * Maintenance: workers sweep expired leases and remove old jobs, so no daemon is needed.
 *
 * @module
 */
import { BatchSize } from "./batch_size.ts";
import type { HookCalls, HookOwner } from "./hooks.ts";
import { countEnded } from "../metrics/measure.ts";
import { expiryEvents } from "./events.ts";
import type { Retention, Store } from "../store/store.ts";

// One maintenance run blocks a file for a few ms at the most; what is left waits for the next.
const LIMIT = 500;

/** The workers of a loop, as far as maintenance goes. */
interface MaintainingWorkers {
  readonly source: { readonly store: Store; readonly retentionMs: Retention };
  readonly byQueue: ReadonlyMap<string, HookOwner>;
  readonly onError: (error: unknown) => void;
}

/**
 * The maintenance of a store by the workers of one `JobQueue`, which keeps it: the interval is the
 * store's, and ticks and pools come and go in it that would each begin with a run of their own. Other
 * processes have an interval of their own.
 */
export class StoreMaintenance {
  // When the last run ended or, while it is under way, when it began.
  #lastAt = -Infinity;
  #lastTookMs = 0;
  readonly #batch: BatchSize = new BatchSize();

  /** When the next run is due, by `performance.now()`. */
  dueAt(everyMs: number): number {
    // A store that answers slowly is busy with it for half of the time at most. Zero is no interval:
    // then it is part of every round trip.
    return this.#lastAt + (everyMs === 0 ? 0 : Math.max(everyMs, this.#lastTookMs));
  }

  /**
   * Sweeps and removes, and calls the hooks for the jobs whose worker was lost. Never rejects.
   *
   * @returns Whether jobs became ready by it.
   */
  async run(
    { source: { store, retentionMs }, byQueue, onError }: MaintainingWorkers,
    hooks: HookCalls | undefined,
  ): Promise<boolean> {
    const startedAt = performance.now();
    this.#lastAt = startedAt;
    this.#lastTookMs = 0;
    const limit = Math.min(LIMIT, this.#batch.most);
    try {
      const { expired, refused, removed } = await store.maintain({ retentionMs, limit });
      const now = performance.now();
      this.#batch.wasDone(limit);
      // A full batch means that more is left: then the next round trip continues.
      const hasMore = expired.length >= limit || removed >= limit;
      this.#lastAt = hasMore ? -Infinity : now;
      this.#lastTookMs = now - startedAt;
      for (const { jobId, message } of refused) {
        onError(
          new Error(`The store refuses to end the expired lease of the job ${jobId}: ${message}`),
        );
      }
      for (const record of expired) {
        if (record.status === "failed") countEnded(record.queueName, "failed");
        const worker = byQueue.get(record.queueName);
        if (worker) hooks?.call(worker, () => expiryEvents(record));
      }
      return expired.length > 0;
    } catch (error) {
      this.#batch.failed(limit, error);
      onError(error);
      return false;
    }
  }
}
