/**
 * Suspects: jobs whose worker was lost before it was known whether they had begun. One of them may be
 * what ended it. So the begin of a suspect is recorded before it starts, and of several the next
 * one waits until it is unlikely that the one before ends the process: else the others would be
 * charged for it, or fail without having started.
 *
 * @module
 */
import { WorkerStoppedError } from "../job/errors.ts";
import type { Execution } from "./execution.ts";

// What ends a process mostly does so at once. All places are to be taken within half a second.
const ALL_BEGUN_MS = 500;
const LEAST_ALONE_MS = 5;

/** The suspects of one loop. They have their places and keep their leases while they wait. */
export class Suspects {
  readonly #begin: (execution: Execution) => void;
  readonly #recorded: () => Promise<void>;
  #waiting: Execution[] = [];
  #present: Execution | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /**
   * `begin` is called for a suspect whose begin is recorded; `recorded` waits until all attempts are
   * recorded that are over by now.
   */
  constructor(begin: (execution: Execution) => void, recorded: () => Promise<void>) {
    this.#begin = begin;
    this.#recorded = recorded;
  }

  /** Begins it when its time comes. */
  add(execution: Execution): void {
    this.#waiting.push(execution);
    this.#next();
  }

  /** One of them is over, or is not to begin. */
  remove(execution: Execution): void {
    this.#waiting = this.#waiting.filter((one) => one !== execution);
    if (this.#present === execution) this.#letNext();
  }

  /** Takes those that have not begun. */
  takeWaiting(): readonly Execution[] {
    const waiting = this.#waiting;
    this.#waiting = [];
    const { hasBegun = true } = this.#present ?? {};
    return hasBegun ? waiting : [this.#present!, ...waiting];
  }

  #letNext(): void {
    clearTimeout(this.#timer);
    this.#present = undefined;
    this.#next();
  }

  #next(): void {
    if (this.#present !== undefined) return;
    this.#present = this.#waiting.shift();
    if (this.#present !== undefined) void this.#announce(this.#present);
  }

  async #announce(execution: Execution): Promise<void> {
    const { job: { id, leaseToken }, settings } = execution;
    const { leaseMs, concurrency, source: { store }, onError } = settings;
    const extension = { jobId: id, leaseToken, attempt: "begins" } as const;
    // If this one ends the process, what is over must not be lost with it.
    await this.#recorded();
    if (this.#present !== execution) return;
    const askedAt = performance.now();
    try {
      const [state] = await store.extend([extension], { leaseMs });
      // It may have been released meanwhile.
      if (this.#present !== execution) return;
      execution.applyLeaseState(state!, askedAt);
    } catch (error) {
      onError(error);
      execution.abort(new WorkerStoppedError("The begin of the attempt could not be recorded"));
    }
    if (this.#present !== execution) return;
    const aloneMs = Math.max(LEAST_ALONE_MS, ALL_BEGUN_MS / concurrency);
    this.#timer = setTimeout(() => this.#letNext(), aloneMs);
    this.#begin(execution);
  }
}
