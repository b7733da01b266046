/**
 * Statistics of queues: jobs by status, the age of the oldest ready job, jobs that ended recently.
 *
 * @module
 */
import { checkInteger, checkOptionNames } from "../job/checks.ts";
import { type JobStatus, jobStatuses } from "../job/status.ts";
import type { Health, VacuumBlocker } from "../store/health.ts";
import type { Pause } from "../store/queue_settings.ts";
import type { QueueCount } from "../store/store.ts";

/** Options of `stats`. */
export interface StatsOptions {
  /**
   * Adds `ended`: the number of jobs that ended within this time, in ms, by the clock of the store.
   * 1 to 31,536,000,000, which is a year. Default: no `ended`.
   */
  readonly endedWithinMs?: number | undefined;
}

/** Statistics of a store. */
export interface Stats {
  /** The queues that have jobs, and those that are paused, sorted by name. */
  readonly queues: readonly QueueStats[];
  /**
   * In Postgres: the oldest open transaction that keeps vacuum from removing dead rows, if there is
   * one.
   */
  readonly vacuumBlocker?: VacuumBlocker | undefined;
}

/** Statistics of a queue. */
export interface QueueStats {
  /** The name of the queue. */
  readonly queueName: string;
  /** The number of jobs with each status, also where it is 0. */
  readonly jobs: Readonly<Record<JobStatus, number>>;
  /**
   * The number of jobs that wait for their time, a dependency or a retry: scheduled, blocked and
   * retrying.
   */
  readonly waiting: number;
  /** The number of jobs that have not ended: ready, running and waiting. */
  readonly unfinished: number;
  /** For how long the oldest ready job has been due, in ms; `undefined` if no job is ready. */
  readonly oldestReadyMs: number | undefined;
  /** The pause of the queue, or of all queues if that ends later; `undefined` if it is not paused. */
  readonly pause?: QueuePause | undefined;
  /** With `endedWithinMs`: the number of jobs that ended within that time, by status. */
  readonly ended?: Readonly<Record<"completed" | "failed" | "cancelled", number>> | undefined;
}

/** A pause of a queue, by the clock of the store. */
export interface QueuePause {
  /** Since when. */
  readonly since: Date;
  /** When it ends; `undefined`: when somebody ends it. */
  readonly until: Date | undefined;
  /** Why. */
  readonly reason: string | undefined;
  /** Who paused. */
  readonly by: string | undefined;
}

/** The upper limit of `endedWithinMs`: a year. */
export const longestEndedWithinMs: number = 365 * 24 * 60 * 60 * 1_000;

/** Refuses an unknown option. */
export function checkStatsNames(options: StatsOptions): void {
  checkOptionNames("A stats query", options, { endedWithinMs: true });
}

/** The checked `endedWithinMs`. */
export function readStatsOptions(options: StatsOptions): number | undefined {
  checkStatsNames(options);
  const { endedWithinMs } = options;
  return endedWithinMs === undefined
    ? undefined
    : checkInteger("endedWithinMs", endedWithinMs, 1, longestEndedWithinMs);
}

/**
 * The statistics from the counts and the health of a store. `ended` counts jobs that ended
 * recently.
 */
export function toStats(
  counts: readonly QueueCount[],
  { queues: depths, ...health }: Health,
  ended: readonly QueueCount[] | undefined,
): Stats {
  const byStatus = countsByQueue(counts);
  const endedByStatus = ended && countsByQueue(ended);
  const depthOf = new Map(depths.map((depth) => [depth.queueName, depth]));
  const paused = depths.filter(({ pause }) => pause !== undefined);
  const names = new Set([
    ...byStatus.keys(),
    ...endedByStatus?.keys() ?? [],
    ...paused.map(({ queueName }) => queueName),
  ]);
  const queues = [...names].sort().map((queueName): QueueStats => {
    const jobs = byStatus.get(queueName) ?? none();
    const waiting = jobs.scheduled + jobs.blocked + jobs.retrying;
    const { oldestReadyMs, pause } = depthOf.get(queueName) ?? {};
    const { completed, failed, cancelled } = endedByStatus?.get(queueName) ?? none();
    return {
      queueName,
      jobs,
      waiting,
      unfinished: jobs.ready + jobs.running + waiting,
      oldestReadyMs,
      ...pause && { pause: toQueuePause(pause) },
      ...endedByStatus && { ended: { completed, failed, cancelled } },
    };
  });
  return { ...health, queues };
}

/** A pause as callers see it. */
export function toQueuePause({ since, until, reason, by }: Pause): QueuePause {
  const ends = until === Infinity ? undefined : new Date(until);
  return { since: new Date(since), until: ends, reason, by };
}

type Counts = Record<JobStatus, number>;

function countsByQueue(counts: readonly QueueCount[]): ReadonlyMap<string, Counts> {
  const byQueue = new Map<string, Counts>();
  for (const { queueName, status, count } of counts) {
    const ofQueue = byQueue.get(queueName) ?? none();
    ofQueue[status] = count;
    byQueue.set(queueName, ofQueue);
  }
  return byQueue;
}

function none(): Counts {
  return Object.fromEntries(jobStatuses.map((status) => [status, 0])) as Counts;
}
