/**
 * How many jobs of which queue to claim: for the places that are free, and for those that will be.
 *
 * @module
 */
import type { Asking } from "./asking.ts";
import type { Attempts } from "./attempts.ts";
import type { Prefetch } from "./prefetch.ts";
import type { Claim } from "../store/store.ts";
import type { WorkerSettings } from "./worker_settings.ts";

/** How much a loop may take. */
export interface Capacity {
  /** How many jobs run at once, over all queues. */
  readonly concurrency: number;
  /** At most this many jobs are claimed in all. */
  readonly maxJobs: number;
  /** Until when jobs are started, by `performance.now()`. */
  readonly endsAt: number;
}

/** The claims of one loop. */
export class Claiming {
  readonly #settings: readonly WorkerSettings[];
  readonly #capacity: Capacity;
  readonly #asking: Asking;
  readonly #attempts: Attempts;
  readonly #prefetch: Prefetch;
  #claimedCount = 0;

  constructor(
    settings: readonly WorkerSettings[],
    capacity: Capacity,
    { asking, attempts, prefetch }: { asking: Asking; attempts: Attempts; prefetch: Prefetch },
  ) {
    this.#settings = settings;
    this.#capacity = capacity;
    this.#asking = asking;
    this.#attempts = attempts;
    this.#prefetch = prefetch;
  }

  /** Whether a job of this queue could start now. */
  hasPlace(settings: WorkerSettings): boolean {
    return this.#places() > 0 && this.#placesOf(settings) > 0;
  }

  /** What each queue can take: those that are to be asked, or all when the store is asked anyway. */
  claims(isAskedAnyway: boolean): readonly Claim[] {
    let places = this.#places();
    let rest = this.#rest();
    const inTurn = this.#asking.inTurn(isAskedAnyway).filter((one) => this.#canTake(one));
    return inTurn.flatMap((one, i) => {
      const share = Math.min(Math.ceil(places / (inTurn.length - i)), this.#placesOf(one));
      const limit = Math.min(share + this.#roomToHold(one), rest);
      if (limit <= 0) return [];
      places -= share;
      rest -= limit;
      return [{ queueName: one.queueName, limit, leaseMs: one.leaseMs }];
    });
  }

  /** Counts what was claimed. */
  claimed(count: number): void {
    this.#claimedCount += count;
  }

  /** When a queue that can take a job is to be asked, by `performance.now()`. */
  askAt(): number {
    if (this.#rest() <= 0) return Infinity;
    return this.#asking.nextAt(this.#settings.filter((one) => this.#canTake(one)));
  }

  #canTake(settings: WorkerSettings): boolean {
    return this.hasPlace(settings) || this.#roomToHold(settings) > 0;
  }

  #roomToHold(settings: WorkerSettings): number {
    return this.#prefetch.roomFor(settings, this.#capacity.endsAt - performance.now());
  }

  #places(): number {
    return this.#capacity.concurrency - this.#attempts.running.size;
  }

  #placesOf(settings: WorkerSettings): number {
    return settings.concurrency - this.#attempts.runningFor(settings);
  }

  #rest(): number {
    return this.#capacity.maxJobs - this.#claimedCount;
  }
}
