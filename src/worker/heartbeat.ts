/**
 * Keeps the leases of running jobs, and ends the attempts whose lease is gone.
 *
 * @module
 */
import { JobCancelledError, LeaseLostError } from "../job/errors.ts";
import type { Execution } from "./execute.ts";
import type { LeaseState, Store } from "../store/store.ts";
import type { WorkerSettings } from "./worker_settings.ts";

/** Beats three times in the shortest lease. */
export class Heartbeat {
  readonly #store: Store;
  readonly #running: ReadonlySet<Execution>;
  readonly #onError: (error: unknown) => void;
  readonly #timer: ReturnType<typeof setInterval>;
  // One call for leases of one length at a time: a store that hangs must not gather calls.
  readonly #underWay = new Set<number>();

  constructor(store: Store, running: ReadonlySet<Execution>, settings: readonly WorkerSettings[]) {
    this.#store = store;
    this.#running = running;
    this.#onError = settings[0]!.onError;
    const shortestMs = Math.min(...settings.map(({ leaseMs }) => leaseMs));
    this.#timer = setInterval(() => this.#beat(), shortestMs / 3);
  }

  /** Beats no more. */
  stop(): void {
    clearInterval(this.#timer);
  }

  #beat(): void {
    const now = performance.now();
    // Whatever the store says or fails to say: past its time another worker may have the job.
    for (const one of this.#running) if (one.leasedUntil <= now) this.#apply(one, "lost", now);
    for (const leaseMs of new Set([...this.#running].map((one) => one.settings.leaseMs))) {
      if (!this.#underWay.has(leaseMs)) void this.#extend(leaseMs);
    }
  }

  async #extend(leaseMs: number): Promise<void> {
    const jobs = [...this.#running].filter((one) => one.settings.leaseMs === leaseMs);
    const extensions = jobs.map(({ job: { id, leaseToken }, hasBegun }) => {
      const attempt = hasBegun ? "running" as const : "waits" as const;
      return { jobId: id, leaseToken, attempt };
    });
    const askedAt = performance.now();
    this.#underWay.add(leaseMs);
    try {
      const states = await this.#store.extend(extensions, leaseMs);
      jobs.forEach((one, i) => this.#apply(one, states[i]!, askedAt));
    } catch (error) {
      this.#onError(error);
    } finally {
      this.#underWay.delete(leaseMs);
    }
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
