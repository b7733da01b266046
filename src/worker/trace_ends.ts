/**
 * Ends of traces, told of: a store records each once; whoever listens claims those that nobody has
 * told of, tells its hooks and says so. When a process dies in between, another one tells again.
 *
 * @module
 */
import { StoreUnavailableError } from "../job/errors.ts";
import { BatchSize } from "./batch_size.ts";
import type { TraceCompleteEvent } from "./events.ts";
import type { Store, TraceEnd } from "../store/store.ts";
import { withTimeLimit } from "../timers.ts";
import type { WorkerSettings } from "./options.ts";

// Hooks that are called and have not returned yet. More ends wait in the store.
const MOST_AT_ONCE = 100;
// How often an end is to be settled that the store refuses to settle.
const TRIES = 3;

/** The ends of traces for those of these workers that have a hook for them, if any. */
export function traceEndHooksOf(
  store: Store,
  settings: readonly WorkerSettings[],
  onStoreError: (error: unknown) => void,
): TraceEndHooks | undefined {
  const listeners = settings.filter(({ hooks }) => hooks.onTraceComplete !== undefined);
  return listeners.length === 0 ? undefined : new TraceEndHooks(store, listeners, onStoreError);
}

/** The ends that one loop tells of. */
export class TraceEndHooks {
  readonly #store: Store;
  readonly #listeners: readonly WorkerSettings[];
  readonly #leaseMs: number;
  readonly #askEveryMs: number;
  readonly #telling = new Map<string, Promise<void>>();
  readonly #batch: BatchSize = new BatchSize();
  readonly #onStoreError: (error: unknown) => void;
  /** When to ask next for ends that were recorded elsewhere, by `performance.now()`. */
  askAt: number = -Infinity;
  #told: TraceEnd[] = [];
  #turns: Promise<void> | undefined;
  #isAsked = false;
  #isOver = false;

  constructor(
    store: Store,
    listeners: readonly WorkerSettings[],
    onStoreError: (error: unknown) => void,
  ) {
    this.#store = store;
    this.#onStoreError = onStoreError;
    const hooks = listeners.map((one) => one.hooks.onTraceComplete);
    // Workers that share a function are told once.
    this.#listeners = listeners.filter((_, i) => hooks.indexOf(hooks[i]) === i);
    this.#leaseMs = Math.max(...listeners.map(({ leaseMs }) => leaseMs));
    this.#askEveryMs = Math.min(...listeners.map(({ maintenanceMs }) => maintenanceMs));
  }

  /** Asks if it is time to, whoever else does the maintenance of the store. */
  askIfDue(): void {
    if (this.askAt <= performance.now()) this.ask();
  }

  /** A trace may have ended: asks the store, once for everything that happens meanwhile. */
  ask(): void {
    if (this.#isOver) return;
    this.#isAsked = true;
    this.askAt = performance.now() + this.#askEveryMs;
    this.#go();
  }

  /** Waits until all has been told that was asked for, at most this long. Then nothing is claimed. */
  async settled(withinMs: number): Promise<void> {
    await withTimeLimit(withinMs, this.#allTold());
    this.#isOver = true;
  }

  async #allTold(): Promise<void> {
    while (this.#turns !== undefined || this.#telling.size > 0) {
      await (this.#turns ?? Promise.race(this.#telling.values()));
    }
  }

  #go(): void {
    // Turns that are over before they are kept would be kept for ever.
    if (this.#hasToDo()) this.#turns ??= this.#takeTurns();
  }

  async #takeTurns(): Promise<void> {
    try {
      while (this.#hasToDo()) await this.#turn();
    } catch (error) {
      this.#onStoreError(error);
    } finally {
      this.#turns = undefined;
    }
  }

  #hasToDo(): boolean {
    return this.#told.length > 0 || this.#mayClaim();
  }

  #mayClaim(): boolean {
    return this.#isAsked && !this.#isOver && this.#telling.size < MOST_AT_ONCE;
  }

  /** Says what was told and claims for the places that are free. */
  async #turn(): Promise<void> {
    const told = this.#told.slice(0, this.#batch.most);
    if (told.length > 0) {
      await this.#inBatch(told.length, () => this.#settle(told));
      this.#told = this.#told.slice(told.length);
    }
    if (!this.#mayClaim()) return;
    this.#isAsked = false;
    const limit = Math.min(MOST_AT_ONCE - this.#telling.size, this.#batch.most);
    const claim = { limit, leaseMs: this.#leaseMs };
    const ends = await this.#inBatch(limit, () => this.#store.traceEnds!.claim(claim));
    // There may be more.
    if (ends.length >= limit) this.#isAsked = true;
    for (const end of ends) this.#tell(end);
  }

  /** One that the store refuses to settle keeps no other from it. It is told again after its lease. */
  async #settle(told: readonly TraceEnd[], tries: number = 1): Promise<void> {
    try {
      await this.#store.traceEnds!.settle(told);
    } catch (error) {
      if (error instanceof StoreUnavailableError) throw error;
      if (told.length > 1) {
        for (const end of told) await this.#settle([end]);
      } else if (tries < TRIES) {
        await this.#settle(told, tries + 1);
      } else {
        this.#onStoreError(error);
      }
    }
  }

  async #inBatch<T>(size: number, call: () => Promise<T>): Promise<T> {
    try {
      const result = await call();
      this.#batch.wasDone(size);
      return result;
    } catch (error) {
      this.#batch.failed(size, error);
      throw error;
    }
  }

  /** One whose lease ran out while its hook is still at it is not told twice from here. */
  #tell(end: TraceEnd): void {
    const key = `${end.traceId} ${end.epoch}`;
    if (this.#telling.has(key)) return;
    const telling = this.#tellListeners(end).then(() => {
      this.#telling.delete(key);
      this.#told.push(end);
      this.#go();
    });
    this.#telling.set(key, telling);
  }

  async #tellListeners({ finishedAt, correlationId, ...end }: TraceEnd): Promise<void> {
    const event = { ...end, correlationId, completedAt: new Date(finishedAt) };
    await Promise.all(this.#listeners.map((listener) => this.#tellListener(listener, event)));
  }

  /** A hook has the end's lease to return: after that it counts as told, and others get its place. */
  async #tellListener(
    { hooks, onError }: WorkerSettings,
    event: TraceCompleteEvent,
  ): Promise<void> {
    try {
      const hook = Promise.resolve(hooks.onTraceComplete!(event));
      const isInTime = await withTimeLimit(this.#leaseMs, hook, { keepsAlive: false });
      if (isInTime || this.#isOver) return;
      onError(
        new Error(
          `onTraceComplete has not returned within ${this.#leaseMs} ms for trace ${event.traceId}`,
        ),
      );
    } catch (error) {
      onError(error);
    }
  }
}
