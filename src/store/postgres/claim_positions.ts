/**
 * Where claims begin to look for jobs. What was claimed leaves dead entries at the head of the indexes
 * that claims read, and as long as any transaction of the server that is older stays open, nobody can
 * remove them: after ten minutes each claim would walk over hundreds of thousands. So while that takes
 * long, a claim begins where this process claimed a quarter of a second before. What may have come behind
 * that place since (an enqueue in a transaction that stayed open, a job that another worker released) is
 * found by a claim that begins at the head. Such claims take a twentieth of the time.
 *
 * @module
 */
import type { ClaimedJob } from "../store.ts";

/** A part of the order of claiming, as `settle_and_claim` reads it: rank, time in ms, and the rank below which it ends. */
export type ClaimRange = readonly [rank: number, runAt: number, below: number];

/** Where to look for jobs of a queue. */
export interface ClaimStart {
  readonly ranges: readonly ClaimRange[];
  /** What waits for its time was looked through until then, in ms since 1970. */
  readonly dueFrom: number;
}

// What is stored later than so long after its time is found by a claim that begins at the head.
const LAG_MS = 250;
// A claim from the head that takes no longer, and for each of its jobs, meets no dead entries to speak of.
const QUICK_MS = 4;
const QUICK_PER_JOB_MS = 0.05;
// Claims from the head take at most this part of the time, unless they are quick.
const PART_FROM_HEAD = 1 / 20;
// With more priorities than these a range for each is no gain.
const MOST_RANKS = 32;
const LOWEST_RANK = -40_000;
const HIGHEST_RANK = 40_000;

/** The places that the claims of one store have reached. */
export class ClaimPositions {
  readonly #queues = new Map<string, QueuePositions>();

  /** Where to look now; `undefined` for the head. */
  startOf(queueName: string): ClaimStart | undefined {
    return this.#queues.get(queueName)?.start(performance.now());
  }

  /** A claim was answered, and took the server so long. `at` is the time of the store. */
  claimed(
    queueName: string,
    { jobs, isFromHead, at, tookMs }: {
      readonly jobs: readonly ClaimedJob[];
      readonly isFromHead: boolean;
      readonly at: number;
      readonly tookMs: number;
    },
  ): void {
    const queue = this.#queues.get(queueName) ?? new QueuePositions();
    this.#queues.set(queueName, queue);
    const now = performance.now();
    if (isFromHead) queue.wasFromHead(now, tookMs, jobs.length);
    queue.reached(jobs, at, now);
  }

  /** Jobs of the queue may have come behind the place that was reached. */
  startOver(queueName: string): void {
    this.#queues.delete(queueName);
  }
}

/** A place that was reached now, and the one of a while ago. */
interface Reached {
  latest: number;
  settled: number;
}

class QueuePositions {
  readonly #ranks = new Map<number, Reached>();
  readonly #due: Reached = { latest: -Infinity, settled: -Infinity };
  #headAt = -Infinity;
  #turnAt = -Infinity;

  start(now: number): ClaimStart | undefined {
    this.#turn(now);
    if (now >= this.#headAt || this.#ranks.size > MOST_RANKS) return undefined;
    if (this.#due.settled === -Infinity) return undefined;
    const ranks = [...this.#ranks].filter(([, { settled }]) => settled > -Infinity)
      .sort(([a], [b]) => a - b);
    const ends = [...ranks.map(([rank]) => rank), HIGHEST_RANK];
    return {
      ranges: [
        [LOWEST_RANK, 0, ends[0]!],
        ...ranks.map(([rank, { settled }], i): ClaimRange => [rank, settled, ends[i + 1]!]),
      ],
      dueFrom: this.#due.settled,
    };
  }

  wasFromHead(now: number, tookMs: number, count: number): void {
    const isQuick = tookMs <= QUICK_MS + count * QUICK_PER_JOB_MS;
    this.#headAt = isQuick ? now : now + tookMs / PART_FROM_HEAD;
  }

  reached(jobs: readonly ClaimedJob[], at: number, now: number): void {
    this.#turn(now);
    this.#due.latest = at;
    for (const { priority, runAt } of jobs) {
      const reached = this.#ranks.get(-priority);
      if (reached === undefined) {
        this.#ranks.set(-priority, { latest: runAt, settled: -Infinity });
      } else if (runAt > reached.latest) reached.latest = runAt;
    }
  }

  #turn(now: number): void {
    if (now < this.#turnAt) return;
    this.#turnAt = now + LAG_MS;
    // A time is rounded where it is read.
    for (const reached of [this.#due, ...this.#ranks.values()]) {
      reached.settled = reached.latest - 1;
    }
  }
}
