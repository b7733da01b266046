/**
 * Cancellations of claimed jobs. A store tells of them; where those of other processes do not arrive by
 * themselves, the leases of claimed jobs are looked after each second.
 *
 * @module
 */
import type { Attempts } from "./attempts.ts";
import { BatchSize } from "./batch_size.ts";
import type { Fetcher } from "./fetcher.ts";
import type { Store } from "../store/store.ts";

const CHECK_MS = 1_000;

/** What a loop's cancellations reach. */
export interface Cancellable {
  readonly store: Store;
  readonly attempts: Attempts;
  readonly fetcher: Fetcher;
  readonly onError: (error: unknown) => void;
}

/** Ends the attempts of cancelled jobs, and keeps those from starting that are only held. */
export class Cancellations {
  readonly #parts: Cancellable;
  #timer: ReturnType<typeof setInterval> | undefined;
  readonly #batch: BatchSize = new BatchSize();
  #isChecking = false;

  constructor(parts: Cancellable) {
    this.#parts = parts;
  }

  /** Looks after leases from now on, where the store does not hear of cancellations by itself. */
  start(): void {
    this.#timer = setInterval(() => {
      if (!this.#parts.store.hints.hearsOthers) void this.check();
    }, CHECK_MS);
  }

  /** Looks after them no more. */
  stop(): void {
    clearInterval(this.#timer);
  }

  /** These jobs were cancelled. */
  apply(jobIds: readonly string[]): void {
    this.#parts.fetcher.cancel(jobIds);
    this.#parts.attempts.cancel(new Set(jobIds));
  }

  /** Asks the store which claimed jobs were cancelled. Never rejects. */
  async check(): Promise<void> {
    const { store, attempts, fetcher, onError } = this.#parts;
    const leases = [...attempts.running, ...fetcher.fetched()].map(({ job }) => ({
      jobId: job.id,
      leaseToken: job.leaseToken,
    }));
    if (this.#isChecking || leases.length === 0) return;
    this.#isChecking = true;
    let size = 0;
    try {
      for (let from = 0; from < leases.length; from += size) {
        const some = leases.slice(from, from + this.#batch.most);
        size = some.length;
        const states = await store.check(some);
        this.#batch.wasDone(size);
        const cancelled = some.filter((_, i) => states[i] === "cancelled");
        if (cancelled.length > 0) this.apply(cancelled.map(({ jobId }) => jobId));
      }
    } catch (error) {
      this.#batch.failed(size, error);
      onError(error);
    } finally {
      this.#isChecking = false;
    }
  }
}
