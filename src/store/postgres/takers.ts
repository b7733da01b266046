/**
 * Workers of this process that have places free: the statement that stores a job claims it for one of
 * them, which saves a round trip and the job's time in `ready`. Only where nothing of the queue stands
 * before it, as the statement itself sees.
 *
 * @module
 */
import type { JobInput } from "../../job/record.ts";
import type { Reservation, Taker } from "../store.ts";
import type { TokenClaim } from "./claim.ts";
import { toLeaseToken } from "./lease_tokens.ts";
import { toAdded, waitsForOthers } from "./rows.ts";

// Where a statement that looks for older jobs takes longer, they are looked for by claims alone.
const QUICK_MS = 50;
const PAUSE_MS = 1_000;

/** The workers of one store that take new jobs. */
export class Takers {
  readonly #takers = new Set<Taker>();
  readonly #pausedUntil = new Map<string, number>();
  readonly #canTake: (queueName: string) => boolean;

  /** `canTake` says whether older jobs of a queue are found quickly. */
  constructor(canTake: (queueName: string) => boolean) {
    this.#canTake = canTake;
  }

  /** Adds a worker. Returns its end. */
  offer(taker: Taker): () => void {
    this.#takers.add(taker);
    return () => this.#takers.delete(taker);
  }

  /**
   * Keeps places for jobs that are to be added and wait for no others, if they are due and one worker has
   * room for all.
   */
  reserve(inputs: readonly JobInput[]): Taking | undefined {
    if (this.#takers.size === 0) return undefined;
    const free = inputs.filter((input) => !waitsForOthers(input));
    if (!areDueInOneQueue(free)) return undefined;
    const { queueName } = free[0]!;
    const now = performance.now();
    if ((this.#pausedUntil.get(queueName) ?? 0) > now || !this.#canTake(queueName)) {
      return undefined;
    }
    for (const taker of this.#takers) {
      const reservation = taker.reserve(queueName, free.length);
      if (reservation === undefined) continue;
      return new Taking(queueName, reservation, (tookMs) => {
        if (tookMs > QUICK_MS) this.#pausedUntil.set(queueName, performance.now() + PAUSE_MS);
      });
    }
    return undefined;
  }
}

/** A claim that a statement may make of the jobs that it stores. */
export class Taking {
  readonly claim: TokenClaim;
  readonly #reservation: Reservation;
  readonly #onEnd: (tookMs: number) => void;
  readonly #askedAt = performance.now();
  #isOver = false;

  constructor(queueName: string, reservation: Reservation, onEnd: (tookMs: number) => void) {
    const { leaseMs, workerName } = reservation;
    const token = crypto.randomUUID();
    this.claim = { token, queueName, leaseMs, workerName, limit: Infinity };
    this.#reservation = reservation;
    this.#onEnd = onEnd;
  }

  /** Whether it claimed them. */
  hasTaken = false;

  /** It has claimed those of these jobs that wait for no others, at this time of the store. */
  took(inputs: readonly JobInput[], sequences: readonly number[], t: number): void {
    this.hasTaken = true;
    let places = 0;
    this.#end(inputs.flatMap((input, i) => {
      if (waitsForOthers(input)) return [];
      const sequence = sequences[i]!;
      const place = { claim: this.claim.token, place: ++places, sequence };
      return {
        ...toAdded(input, sequence, t),
        status: "running",
        attempts: 1,
        startedAt: t,
        workerName: this.claim.workerName,
        leaseToken: toLeaseToken(place, input.id),
        waitMs: 0,
        isSuspect: false,
        dependencyTraceparents: [],
      };
    }));
  }

  /** The statement is over. If it has taken nothing, the places are free again. */
  end(): void {
    this.#end([]);
  }

  #end(jobs: Parameters<Reservation["took"]>[0]): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#onEnd(performance.now() - this.#askedAt);
    this.#reservation.took(jobs);
  }
}

function areDueInOneQueue(inputs: readonly JobInput[]): boolean {
  const [first] = inputs;
  return first !== undefined &&
    inputs.every((input) =>
      input.queueName === first.queueName && input.delayMs === undefined &&
      input.runAt === undefined
    );
}
