/**
 * Keeps the leases of running jobs, and ends the attempts whose lease is gone.
 *
 * @module
 */
import { BatchSize } from "./batch_size.ts";
import { JobCancelledError, LeaseLostError } from "../job/errors.ts";
import type { Execution } from "./execute.ts";
import type { LeaseState, Store } from "../store/store.ts";

// A lease is extended once so much of it is over.
const PART_OVER = 1 / 3;
// After a call that failed there is a pause, as a part of the lease.
const PAUSE = 1 / 12;

/** Extends each lease when a third of it is over; those of one length together. */
export class Heartbeat {
  readonly #store: Store;
  readonly #running: ReadonlySet<Execution>;
  readonly #onError: (error: unknown) => void;
  readonly #batch: BatchSize = new BatchSize();
  // One call for leases of one length at a time: a store that hangs must not gather calls. When the
  // next one may begin, by that length: `Infinity` while one is under way.
  readonly #mayAskAt = new Map<number, number>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #beatAt = Infinity;
  #isOver = false;

  constructor(
    store: Store,
    running: ReadonlySet<Execution>,
    onError: (error: unknown) => void,
  ) {
    this.#store = store;
    this.#running = running;
    this.#onError = onError;
  }

  /** An attempt has begun: its lease is kept from now on. */
  keep(one: Execution): void {
    this.#beatNotAfter(this.#dueAt(one));
  }

  /** Beats no more. */
  stop(): void {
    this.#isOver = true;
    clearTimeout(this.#timer);
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
  #dueAt({ leasedUntil, settings: { leaseMs } }: Execution): number {
    const extendAt = leasedUntil - (1 - PART_OVER) * leaseMs;
    return Math.min(leasedUntil, Math.max(extendAt, this.#mayAskAt.get(leaseMs) ?? -Infinity));
  }

  async #extend(leaseMs: number): Promise<void> {
    this.#mayAskAt.set(leaseMs, Infinity);
    const jobs = [...this.#running].filter((one) => one.settings.leaseMs === leaseMs);
    // Those whose lease ends first; the others are due with the next beat.
    jobs.sort((a, b) => a.leasedUntil - b.leasedUntil).splice(this.#batch.most);
    const extensions = jobs.map(({ job: { id, leaseToken }, hasBegun }) => {
      const attempt = hasBegun ? "running" as const : "waits" as const;
      return { jobId: id, leaseToken, attempt };
    });
    const askedAt = performance.now();
    let pauseMs = 0;
    try {
      const states = await this.#store.extend(extensions, { leaseMs });
      this.#batch.wasDone(extensions.length);
      jobs.forEach((one, i) => this.#apply(one, states[i]!, askedAt));
    } catch (error) {
      // Fewer may be done in time, so they are asked for at once.
      if (!this.#batch.failed(extensions.length, error)) pauseMs = PAUSE * leaseMs;
      this.#onError(error);
    }
    this.#mayAskAt.set(leaseMs, performance.now() + pauseMs);
    this.#beatAgain();
  }

  #apply(one: Execution, state: LeaseState, askedAt: number): void {
    // The attempt may have ended and been recorded since.
    if (this.#running.has(one)) applyLeaseState(one, state, askedAt);
  }
}

/** What an answer about its lease, asked for at a time, means for an attempt. */
export function applyLeaseState(one: Execution, state: LeaseState, askedAt: number): void {
  const { leaseMs } = one.settings;
  switch (state) {
    case "held":
      one.leasedUntil = askedAt + leaseMs;
      return;
    case "cancelled":
      return one.abort(new JobCancelledError("The job was cancelled while it ran"));
    case "lost":
      return one.abort(
        new LeaseLostError(`The lease of ${leaseMs} ms ran out before it was extended`),
      );
  }
}
