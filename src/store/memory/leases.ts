/**
 * The leases on the jobs in memory that run.
 *
 * @module
 */
import type { Lease } from "../store.ts";
import type { Entry } from "./entry.ts";

/** Leases by their job. */
export class MemoryLeases {
  // Looking among the few that run is quicker than among all.
  readonly #running = new Map<string, Entry>();

  /** Leases a job. */
  give(entry: Entry, leaseToken: string, leasedUntil: number): void {
    entry.leaseToken = leaseToken;
    entry.leasedUntil = leasedUntil;
    entry.hasBegun = false;
    this.#running.set(entry.record.id, entry);
  }

  /** Whoever had the lease on a job has it no more. */
  end(entry: Entry): void {
    entry.leaseToken = undefined;
    this.#running.delete(entry.record.id);
  }

  /** The job of a lease, if it still holds. */
  held({ jobId, leaseToken }: Lease): Entry | undefined {
    const entry = this.#running.get(jobId);
    return entry?.leaseToken === leaseToken ? entry : undefined;
  }

  /** Those that have run out. */
  expired(now: number, limit: number): readonly Entry[] {
    return [...this.#running.values()].filter(({ leasedUntil }) => leasedUntil < now)
      .slice(0, limit);
  }
}
