/**
 * The hooks for the ends of traces. A store records each end once; a worker with `onTraceComplete`
 * claims those that are not settled, calls its hook and settles them. When its process ends in between,
 * another worker calls its hook for them again.
 *
 * @module
 */
import { StoreUnavailableError } from "../job/errors.ts";
import { BatchSize } from "./batch_size.ts";
import type { TraceCompleteEvent } from "./events.ts";
import type { Store, TraceEnd } from "../store/store.ts";
import { withTimeLimit } from "../timers.ts";
import type { WorkerGroup, WorkerSettings } from "./options.ts";

// So many hook calls are under way at once. More ends wait in the store.
const MOST_AT_ONCE = 100;
// The first answer is not waited for longer than this.
const FIRST_ANSWER_MS = 1_000;
// How often an end is to be settled that the store refuses to settle.
const SETTLE_TRIES = 3;

/** Calls the `onTraceComplete` hooks of one loop. */
export class TraceEndHooks {
  readonly #store: Store;
  readonly #workers: readonly WorkerSettings[];
  readonly #leaseMs: number;
  readonly #askEveryMs: number;
  readonly #calls = new Map<string, Promise<void>>();
  readonly #batch: BatchSize = new BatchSize();
  readonly #onStoreError: (error: unknown) => void;
  /** When to ask next for ends that were recorded elsewhere, by `performance.now()`. */
  askAt: number = -Infinity;
  /** Whether the store has answered once, or has failed to. */
  hasAnswer = false;
  #onAnswer = () => {};
  #returned: TraceEnd[] = [];
  #roundTrips: Promise<void> | undefined;
  #isAsked = false;
  #isOver = false;

  constructor({ source: { store }, workers, onError }: WorkerGroup) {
    const listening = workers.filter(({ hooks }) => hooks.onTraceComplete !== undefined);
    const hooks = listening.map((one) => one.hooks.onTraceComplete);
    this.#store = store;
    this.#onStoreError = onError;
    // A function that several workers share is called once.
    this.#workers = listening.filter((_, i) => hooks.indexOf(hooks[i]) === i);
    this.#leaseMs = Math.max(...listening.map(({ leaseMs }) => leaseMs));
    this.#askEveryMs = Math.min(...listening.map(({ maintenanceMs }) => maintenanceMs));
  }

  /** Waits for the first answer, before the first outcome: a store may keep ends for who asks alone. */
  async firstAnswer(): Promise<void> {
    await withTimeLimit(FIRST_ANSWER_MS, new Promise<void>((resolve) => this.#onAnswer = resolve));
    this.hasAnswer = true;
  }

  /** Asks the store if it is time to. */
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

  /** Waits until all round trips and the hooks that follow them are over, at most this long. */
  async settled(withinMs: number): Promise<void> {
    await withTimeLimit(withinMs, this.#allReturned());
    this.#isOver = true;
  }

  async #allReturned(): Promise<void> {
    while (this.#roundTrips !== undefined || this.#calls.size > 0) {
      await (this.#roundTrips ?? Promise.race(this.#calls.values()));
    }
  }

  #answered(): void {
    this.hasAnswer = true;
    this.#onAnswer();
  }

  #go(): void {
    // Round trips that are over before they are kept would be kept forever.
    if (this.#hasWork()) this.#roundTrips ??= this.#makeRoundTrips();
  }

  async #makeRoundTrips(): Promise<void> {
    try {
      while (this.#hasWork()) await this.#roundTrip();
    } catch (error) {
      this.#onStoreError(error);
    } finally {
      this.#answered();
      this.#roundTrips = undefined;
    }
  }

  #hasWork(): boolean {
    return this.#returned.length > 0 || this.#mayClaim();
  }

  #mayClaim(): boolean {
    return this.#isAsked && !this.#isOver && this.#calls.size < MOST_AT_ONCE;
  }

  /** Settles the ends whose hooks have returned, and claims as many as may be under way then. */
  async #roundTrip(): Promise<void> {
    const returned = this.#returned.slice(0, this.#batch.most);
    if (returned.length > 0) {
      await this.#inBatch(returned.length, () => this.#settle(returned));
      this.#returned = this.#returned.slice(returned.length);
    }
    if (!this.#mayClaim()) return;
    this.#isAsked = false;
    const limit = Math.min(MOST_AT_ONCE - this.#calls.size, this.#batch.most);
    const claim = { limit, leaseMs: this.#leaseMs };
    const ends = await this.#inBatch(limit, () => this.#store.traceEnds!.claim(claim));
    this.#answered();
    // There may be more.
    if (ends.length >= limit) this.#isAsked = true;
    for (const end of ends) this.#call(end);
  }

  /** One that the store refuses to settle keeps no other from it. It is claimed again after its lease. */
  async #settle(returned: readonly TraceEnd[], tries: number = 1): Promise<void> {
    try {
      await this.#store.traceEnds!.settle(returned);
    } catch (error) {
      if (error instanceof StoreUnavailableError) throw error;
      if (returned.length > 1) {
        for (const end of returned) await this.#settle([end]);
      } else if (tries < SETTLE_TRIES) {
        await this.#settle(returned, tries + 1);
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

  /** While a hook has not returned, it is not called again for the same end, whose lease may expire. */
  #call(end: TraceEnd): void {
    const key = `${end.traceId} ${end.epoch}`;
    if (this.#calls.has(key)) return;
    const call = this.#callHooks(end).then(() => {
      this.#calls.delete(key);
      this.#returned.push(end);
      this.#go();
    });
    this.#calls.set(key, call);
  }

  async #callHooks({ finishedAt, correlationId, ...end }: TraceEnd): Promise<void> {
    const event = { ...end, correlationId, completedAt: new Date(finishedAt) };
    await Promise.all(this.#workers.map((worker) => this.#callHook(worker, event)));
  }

  /** A hook that has not returned when the end's lease expires is waited for no more. */
  async #callHook(
    { hooks, onError }: WorkerSettings,
    event: TraceCompleteEvent,
  ): Promise<void> {
    try {
      const hook = Promise.resolve(hooks.onTraceComplete!(event));
      const isInTime = await withTimeLimit(this.#leaseMs, hook, { keepsAlive: false });
      if (isInTime) return;
      if (this.#isOver) {
        // This cannot be reported any more, so the end is left to other workers.
        await hook;
        return;
      }
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
