/**
 * The leases of claimed jobs. Those of running attempts are extended; an attempt whose lease is gone
 * is ended. Where cancellations and pauses of other processes do not arrive by themselves, they are
 * looked for each second.
 *
 * @module
 */
import { BatchSize } from "./batch_size.ts";
import type { ClaimedJob, LeaseState, Store } from "../store/store.ts";

/** An attempt, as far as its lease goes. */
export interface LeaseHolder {
  readonly job: ClaimedJob;
  readonly settings: { readonly leaseMs: number };
  /** Until when the lease certainly holds, by `performance.now()`. */
  readonly leasedUntil: number;
  /** Whether its handler was called. */
  readonly hasBegun: boolean;
  /** Where it is among those that run; `undefined` once it is over. */
  readonly place: number | undefined;
  /** What the store said of its lease, asked at a time by `performance.now()`. */
  applyLeaseState(state: LeaseState, askedAt: number): void;
}

/** What the leases of one loop belong to. */
export interface LeaseParts {
  readonly store: Store;
  /** The attempts that run, or wait to begin. */
  readonly running: Iterable<LeaseHolder>;
  /** The jobs that are claimed and have not started. */
  readonly fetched: () => readonly { readonly job: ClaimedJob }[];
  /** Called with jobs that were cancelled elsewhere. */
  readonly onCancelled: (jobIds: readonly string[]) => void;
  /** Called with a queue that was found to be paused; `undefined`: all. */
  readonly onPaused: (queueName: string | undefined) => void;
  /** Called with what the store failed with. */
  readonly onError: (error: unknown) => void;
}

// A lease is extended once so much of it is over.
const PART_OVER = 1 / 3;
// After a call that failed there is a pause, as a part of the lease.
const PAUSE = 1 / 12;
const CHECK_MS = 1_000;

/** Extends each lease when a third of it is over; those of one length together. */
export class Leases {
  readonly #store: Store;
  readonly #running: Iterable<LeaseHolder>;
  readonly #fetched: LeaseParts["fetched"];
  readonly #onCancelled: LeaseParts["onCancelled"];
  readonly #onPaused: LeaseParts["onPaused"];
  readonly #onError: LeaseParts["onError"];
  readonly #extended: BatchSize = new BatchSize();
  readonly #checked: BatchSize = new BatchSize();
  // One call for leases of one length at a time: a store that hangs must not gather calls. When the
  // next one may begin, by that length: `Infinity` while one is under way.
  readonly #mayAskAt = new Map<number, number>();
  #checks: ReturnType<typeof setInterval> | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #beatAt = Infinity;
  #isChecking = false;
  #isOver = false;

  constructor({ store, running, fetched, onCancelled, onPaused, onError }: LeaseParts) {
    this.#store = store;
    this.#running = running;
    this.#fetched = fetched;
    this.#onCancelled = onCancelled;
    this.#onPaused = onPaused;
    this.#onError = onError;
  }

  /** Checks the leases from now on, while the store does not hear of cancellations by itself. */
  start(): void {
    this.#checks = setInterval(() => {
      if (!this.#store.hints.hearsOthers) void this.check();
    }, CHECK_MS);
  }

  /** An attempt has a lease from now on. */
  keep(one: LeaseHolder): void {
    // All jobs of one claim are due together, and the first of them has been here.
    if (extendAt(one) < this.#beatAt) this.#beatNotAfter(this.#dueAt(one));
  }

  /** Extends and checks no more. */
  stop(): void {
    this.#isOver = true;
    clearTimeout(this.#timer);
    clearInterval(this.#checks);
  }

  /**
   * Asks the store which claimed jobs were cancelled, and which queues are paused where some have
   * not started. Never rejects.
   */
  async check(): Promise<void> {
    const leases = [...this.#running, ...this.#fetched()].map(({ job }) => ({
      jobId: job.id,
      leaseToken: job.leaseToken,
    }));
    if (this.#isChecking || leases.length === 0) return;
    this.#isChecking = true;
    let size = 0;
    try {
      for (let from = 0; from < leases.length; from += size) {
        const some = leases.slice(from, from + this.#checked.most);
        size = some.length;
        const states = await this.#store.check(some);
        this.#checked.wasDone(size);
        const cancelled = some.filter((_, i) => states[i] === "cancelled");
        if (cancelled.length > 0) this.#onCancelled(cancelled.map(({ jobId }) => jobId));
      }
      if (this.#holdsUnstarted()) {
        for (const { queueName, pause } of await this.#store.settings()) {
          if (pause !== undefined) this.#onPaused(queueName);
        }
      }
    } catch (error) {
      this.#checked.failed(size, error);
      this.#onError(error);
    } finally {
      this.#isChecking = false;
    }
  }

  #holdsUnstarted(): boolean {
    if (this.#fetched().length > 0) return true;
    for (const { hasBegun } of this.#running) if (!hasBegun) return true;
    return false;
  }

  #beatNotAfter(at: number): void {
    if (at >= this.#beatAt || this.#isOver) return;
    this.#beatAt = at;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#beat(), Math.max(0, at - performance.now()));
  }

  #beat(): void {
    const now = performance.now();
    this.#beatAt = Infinity;
    // Whatever the store says or fails to say: past its time another worker may have the job.
    for (const one of this.#running) if (one.leasedUntil <= now) this.#apply(one, "lost", now);
    const due = new Set<number>();
    for (const one of this.#running) if (this.#dueAt(one) <= now) due.add(one.settings.leaseMs);
    for (const leaseMs of due) void this.#extend(leaseMs);
    this.#beatAgain();
  }

  #beatAgain(): void {
    let at = Infinity;
    for (const one of this.#running) at = Math.min(at, this.#dueAt(one));
    this.#beatNotAfter(at);
  }

  /** When something is to be done for a lease. */
  #dueAt(one: LeaseHolder): number {
    const { leasedUntil, settings: { leaseMs } } = one;
    return Math.min(leasedUntil, Math.max(extendAt(one), this.#mayAskAt.get(leaseMs) ?? -Infinity));
  }

  async #extend(leaseMs: number): Promise<void> {
    this.#mayAskAt.set(leaseMs, Infinity);
    const jobs = [...this.#running].filter((one) => one.settings.leaseMs === leaseMs);
    // Those whose lease ends first; the others are due with the next beat.
    jobs.sort((a, b) => a.leasedUntil - b.leasedUntil).splice(this.#extended.most);
    const extensions = jobs.map(({ job: { id, leaseToken }, hasBegun }) => {
      const attempt = hasBegun ? "running" as const : "waits" as const;
      return { jobId: id, leaseToken, attempt };
    });
    const askedAt = performance.now();
    let pauseMs = 0;
    try {
      const states = await this.#store.extend(extensions, { leaseMs });
      this.#extended.wasDone(extensions.length);
      jobs.forEach((one, i) => this.#apply(one, states[i]!, askedAt));
    } catch (error) {
      // Fewer may be done in time, so they are extended at once.
      if (!this.#extended.failed(extensions.length, error)) pauseMs = PAUSE * leaseMs;
      this.#onError(error);
    }
    this.#mayAskAt.set(leaseMs, performance.now() + pauseMs);
    this.#beatAgain();
  }

  #apply(one: LeaseHolder, state: LeaseState, askedAt: number): void {
    // The attempt may have ended and been recorded since.
    if (one.place !== undefined) one.applyLeaseState(state, askedAt);
  }
}

/** When so much of a lease is over that it is to be extended. */
function extendAt({ leasedUntil, settings: { leaseMs } }: LeaseHolder): number {
  return leasedUntil - (1 - PART_OVER) * leaseMs;
}
