/**
 * The numbers of each queue: jobs by status, the age of the oldest ready one, what ended lately.
 *
 * @module
 */
import { checkInteger, checkOptionNames } from "../job/checks.ts";
import { type JobStatus, jobStatuses } from "../job/status.ts";
import type { Health, VacuumBlocker } from "../store/health.ts";
import type { QueueCount } from "../store/store.ts";

/** What `stats` counts. */
export interface StatsOptions {
  /**
   * Counts the jobs that ended within the last so many ms too, by the store's clock, as `ended`: 1 to
   * 31,536,000,000, a year. Default: they are not counted.
   */
  readonly endedWithinMs?: number | undefined;
}

/** The numbers of all queues of a store. */
export interface Stats {
  /** Each queue that has jobs, by name. */
  readonly queues: readonly QueueStats[];
  /** Postgres: the oldest open transaction that keeps vacuum from removing dead rows, if there is one. */
  readonly vacuumBlocker?: VacuumBlocker | undefined;
}

/** The numbers of one queue. */
export interface QueueStats {
  /** The queue. */
  readonly queueName: string;
  /** How many jobs have each status, 0 where there are none. */
  readonly jobs: Readonly<Record<JobStatus, number>>;
  /** Jobs that wait for their time, their dependencies or their back-off: scheduled, blocked, retrying. */
  readonly waiting: number;
  /** Jobs that have not ended: ready, running and waiting ones. */
  readonly unfinished: number;
  /** How long the oldest ready job has been due, in ms; `undefined` when none is ready. */
  readonly oldestReadyMs: number | undefined;
  /** With `endedWithinMs`: how many jobs ended within that time, by their status. */
  readonly ended?: Readonly<Record<"completed" | "failed" | "cancelled", number>> | undefined;
}

/** The longest `endedWithinMs`: a year. */
export const longestEndedWithinMs: number = 365 * 24 * 60 * 60 * 1_000;

/** Refuses another name: a misspelled one would leave the ended jobs uncounted. */
export function checkStatsNames(options: StatsOptions): void {
  checkOptionNames("A stats query", options, { endedWithinMs: true });
}

/** The checked `endedWithinMs`, as a store takes it. */
export function readStatsOptions(options: StatsOptions): number | undefined {
  checkStatsNames(options);
  const { endedWithinMs } = options;
  return endedWithinMs === undefined
    ? undefined
    : checkInteger("endedWithinMs", endedWithinMs, 1, longestEndedWithinMs);
}

/** Puts what a store says of its queues together. `ended` are the counts of jobs that ended lately. */
export function toStats(
  counts: readonly QueueCount[],
  { queues: depths, ...health }: Health,
  ended: readonly QueueCount[] | undefined,
): Stats {
  const byStatus = countsByQueue(counts);
  const endedByStatus = ended && countsByQueue(ended);
  const oldest = new Map(depths.map((depth) => [depth.queueName, depth.oldestReadyMs]));
  const names = new Set([...byStatus.keys(), ...endedByStatus?.keys() ?? []]);
  const queues = [...names].sort().map((queueName): QueueStats => {
    const jobs = byStatus.get(queueName) ?? none();
    const waiting = jobs.scheduled + jobs.blocked + jobs.retrying;
    const { completed, failed, cancelled } = endedByStatus?.get(queueName) ?? none();
    return {
      queueName,
      jobs,
      waiting,
      unfinished: jobs.ready + jobs.running + waiting,
      oldestReadyMs: oldest.get(queueName),
      ...endedByStatus && { ended: { completed, failed, cancelled } },
    };
  });
  return { ...health, queues };
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
