/**
 * Ends of traces, told of: a store records each once; whoever listens claims those that nobody has
 * told of, tells its hooks and says so. When a process dies in between, another one tells again.
 *
 * @module
 */
import type { Store, TraceEnd } from "../store/store.ts";
import { within } from "../within.ts";
import type { WorkerSettings } from "./worker_settings.ts";

const MOST_AT_ONCE = 100;

/** The ends that one loop tells of. */
export class TraceEnds {
  readonly #store: Store;
  readonly #listeners: readonly WorkerSettings[];
  readonly #leaseMs: number;
  readonly #telling = new Set<Promise<void>>();
  #asking: Promise<void> | undefined;
  #isAskedAgain = false;

  constructor(store: Store, settings: readonly WorkerSettings[]) {
    this.#store = store;
    const listeners = settings.filter(({ hooks }) => hooks.onTraceComplete !== undefined);
    const hooks = listeners.map((one) => one.hooks.onTraceComplete);
    // Workers that share a function are told once.
    this.#listeners = listeners.filter((_, i) => hooks.indexOf(hooks[i]) === i);
    this.#leaseMs = Math.max(...listeners.map(({ leaseMs }) => leaseMs));
  }

  /** A trace may have ended: asks the store, once for everything that happens meanwhile. */
  ask(): void {
    if (this.#listeners.length === 0) return;
    this.#isAskedAgain = true;
    this.#asking ??= this.#ask().finally(() => this.#asking = undefined);
  }

  /** Waits until all has been told that was asked for, at most this long. */
  async settled(withinMs: number): Promise<void> {
    if (this.#asking === undefined && this.#telling.size === 0) return;
    await within(withinMs, this.#allTold());
  }

  async #allTold(): Promise<void> {
    await this.#asking;
    await Promise.all(this.#telling);
  }

  async #ask(): Promise<void> {
    try {
      while (this.#isAskedAgain) {
        this.#isAskedAgain = false;
        const claim = { limit: MOST_AT_ONCE, leaseMs: this.#leaseMs };
        const ends = await this.#store.claimTraceEnds(claim);
        if (ends.length === 0) continue;
        this.#isAskedAgain = true;
        // A hook that hangs must not keep others from being told.
        const telling = this.#tell(ends);
        this.#telling.add(telling);
        telling.then(() => this.#telling.delete(telling));
      }
    } catch (error) {
      this.#listeners[0]!.onError(error);
    }
  }

  async #tell(ends: readonly TraceEnd[]): Promise<void> {
    try {
      await Promise.all(ends.map((end) => this.#tellOne(end)));
      await this.#store.settleTraceEnds(ends);
    } catch (error) {
      this.#listeners[0]!.onError(error);
    }
  }

  async #tellOne({ finishedAt, correlationId, ...end }: TraceEnd): Promise<void> {
    const event = { ...end, correlationId, completedAt: new Date(finishedAt) };
    await Promise.all(this.#listeners.map(async ({ hooks, onError }) => {
      try {
        await hooks.onTraceComplete!(event);
      } catch (error) {
        onError(error);
      }
    }));
  }
}
