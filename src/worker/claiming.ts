/**
 * How many jobs of which queue to claim: for the places that are free, and for those that will be.
 *
 * @module
 */
import type { PollSchedule } from "./poll_schedule.ts";
import type { Attempts } from "./attempts.ts";
import type { Prefetch } from "./prefetch.ts";
import type { Rotation } from "./rotation.ts";
import type { RoundTrip } from "./round_trip.ts";
import type { Claim } from "../store/store.ts";
import type { WorkerSettings } from "./worker_settings.ts";

/** How much a loop may take. */
export interface Capacity {
  /** How many jobs run at once, over all queues. */
  readonly concurrency: number;
  /** At most this many jobs are started in all. */
  readonly maxJobs: number;
  /** Until when jobs are started, by `performance.now()`. */
  readonly endsAt: number;
}

/** What the claims of one loop depend on. */
export interface ClaimingParts {
  readonly schedule: PollSchedule;
  readonly attempts: Attempts;
  readonly prefetch: Prefetch;
  readonly rotation: Rotation;
  readonly roundTrip: RoundTrip;
}

/** The claims of one loop. */
export class Claiming {
  readonly #settings: readonly WorkerSettings[];
  readonly #capacity: Capacity;
  readonly #parts: ClaimingParts;
  // Whether the queues have fewer places together than each for itself.
  readonly #sharesPlaces: boolean;

  constructor(settings: readonly WorkerSettings[], capacity: Capacity, parts: ClaimingParts) {
    this.#settings = settings;
    this.#capacity = capacity;
    this.#parts = parts;
    this.#sharesPlaces =
      settings.reduce((sum, one) => sum + one.concurrency, 0) > capacity.concurrency;
  }

  /** Whether a job of this queue could start now. */
  hasPlace(settings: WorkerSettings): boolean {
    return this.#places() > 0 && this.#placesOf(settings) > 0;
  }

  /**
   * What each queue can take, `most` in all: those that are to be asked, or all when the store is
   * asked anyway.
   */
  claims(isAskedAnyway: boolean, most: number): readonly Claim[] {
    const { schedule, rotation } = this.#parts;
    const inTurn = rotation.inTurn(this.#settings);
    const asked = schedule.of(inTurn, isAskedAnyway).filter((one) => this.#canTake(one));
    const rest = Math.min(this.#rest(), most);
    const places = dealt(Math.min(this.#places(), rest), asked.map((one) => this.#placesOf(one)));
    const held = dealt(
      rest - sum(places),
      asked.map((one) => this.#roomToHold(one)),
    );
    const claims = asked.map(({ queueName, leaseMs }, i) => ({
      queueName,
      limit: places[i]! + held[i]!,
      leaseMs,
    })).filter(({ limit }) => limit > 0);
    const last = asked.filter((_, i) => places[i]! > 0).at(-1) ??
      asked.find((_, i) => held[i]! > 0);
    if (last !== undefined) rotation.goOnBehind(this.#settings.indexOf(last));
    return claims;
  }

  /** When a queue that can take a job is to be asked, by `performance.now()`. */
  askAt(): number {
    if (this.#rest() <= 0) return Infinity;
    return this.#parts.schedule.nextAt(this.#settings.filter((one) => this.#canTake(one)));
  }

  /** When there is a job to claim for one of them as far as is known, whoever asks how often. */
  dueAt(): number {
    if (this.#rest() <= 0) return Infinity;
    return this.#parts.schedule.dueAt(this.#settings.filter((one) => this.#canTake(one)));
  }

  #canTake(settings: WorkerSettings): boolean {
    return this.hasPlace(settings) || this.#roomToHold(settings) > 0;
  }

  #roomToHold(settings: WorkerSettings): number {
    const { prefetch, roundTrip } = this.#parts;
    const leftMs = this.#leftMs() - roundTrip.ms;
    return this.#sharesPlaces && this.#placesOf(settings) > 0
      ? prefetch.roomBesideOthers(settings, leftMs)
      : prefetch.roomFor(settings, leftMs);
  }

  #places(): number {
    return Math.min(
      this.#capacity.concurrency - this.#parts.attempts.running.size,
      this.#capacity.maxJobs - this.#parts.attempts.startedCount,
    );
  }

  #placesOf(settings: WorkerSettings): number {
    return settings.concurrency - this.#parts.attempts.runningFor(settings);
  }

  #rest(): number {
    const { attempts, prefetch, roundTrip } = this.#parts;
    // What is claimed now would come too late. Of the first claim nobody can know.
    if (attempts.startedCount > 0 && this.#leftMs() <= roundTrip.ms) return 0;
    return this.#capacity.maxJobs - attempts.startedCount - prefetch.count;
  }

  #leftMs(): number {
    return this.#capacity.endsAt - performance.now();
  }
}

/** Deals out `count` among those who can take so many each, as evenly as can be, the first first. */
function dealt(count: number, limits: readonly number[]): readonly number[] {
  const shares = limits.map(() => 0);
  let left = count;
  let open = limits.map((_, i) => i).filter((i) => limits[i]! > 0);
  while (left > 0 && open.length > 0) {
    open.forEach((i, n) => {
      const share = Math.min(Math.ceil(left / (open.length - n)), limits[i]! - shares[i]!);
      shares[i]! += share;
      left -= share;
    });
    open = open.filter((i) => shares[i]! < limits[i]!);
  }
  return shares;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, one) => total + one, 0);
}
