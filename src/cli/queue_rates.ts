/**
 * Rates of queues, from statistics that are read again and again.
 *
 * @module
 */
import type { QueueStats, Stats } from "../queue/stats.ts";

/** The time that the rates are of: a minute. */
export const RATE_MS = 60_000;

/** Statistics of a queue with its rates. */
export interface QueueRates extends QueueStats {
  /** How many jobs ended in the last minute. */
  readonly endedPerMinute: number;
  /** The part of them that failed, 0 to 1; `undefined` if none ended. */
  readonly failureRate: number | undefined;
  /**
   * How the number of unfinished jobs changed in a minute; `undefined` at the first reading. Of a
   * shorter time than a minute, it is what the change would be in a minute.
   */
  readonly growthPerMinute: number | undefined;
}

/** Statistics with the time at which they were read, and with rates. */
export interface Reading extends Omit<Stats, "queues"> {
  /** When, by the clock of this process. */
  readonly at: Date;
  /** The queues that have jobs, sorted by name. */
  readonly queues: readonly QueueRates[];
}

interface Unfinished {
  readonly at: number;
  readonly byQueue: ReadonlyMap<string, number>;
}

/** The readings of the last minute. */
export class Readings {
  #kept: readonly Unfinished[] = [];

  /** Adds statistics that were read with `endedWithinMs: RATE_MS`. */
  add(stats: Stats, now: number): Reading {
    const byQueue = new Map(
      stats.queues.map(({ queueName, unfinished }) => [queueName, unfinished]),
    );
    const earlier = this.#kept.filter(({ at }) => at >= now - RATE_MS && at < now);
    this.#kept = [...earlier, { at: now, byQueue }];
    const first = earlier[0];
    const queues = stats.queues.map((queue) => ({ ...queue, ...ratesOf(queue, first, now) }));
    return { at: new Date(now), ...stats, queues };
  }
}

function ratesOf(
  { queueName, unfinished, ended = { completed: 0, failed: 0, cancelled: 0 } }: QueueStats,
  first: Unfinished | undefined,
  now: number,
) {
  const endedPerMinute = ended.completed + ended.failed + ended.cancelled;
  const growth = first && unfinished - (first.byQueue.get(queueName) ?? 0);
  return {
    endedPerMinute,
    failureRate: endedPerMinute === 0 ? undefined : ended.failed / endedPerMinute,
    growthPerMinute: growth && Math.round(growth * RATE_MS / (now - first!.at)),
  };
}
