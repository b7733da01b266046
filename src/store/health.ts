/**
 * The health of a store: the depth of its queues, and what blocks vacuum in Postgres.
 *
 * @module
 */
import { hasEnded, type JobStatus } from "../job/status.ts";
import { type Pause, pauseOf, type QueueSettings } from "./queue_settings.ts";

/** The depth of a queue: its jobs that have not ended. */
export interface QueueDepth {
  /** The name of the queue. */
  readonly queueName: string;
  /** The number of jobs that can be claimed. */
  readonly ready: number;
  /** The number of running jobs. */
  readonly running: number;
  /** The number of jobs that wait for their time, a retry or a dependency. */
  readonly waiting: number;
  /** For how long the oldest ready job has been due, in ms; `undefined` if no job is ready. */
  readonly oldestReadyMs: number | undefined;
  /** The pause of the queue, or of all queues if that ends later. */
  readonly pause?: Pause | undefined;
}

/** The oldest open transaction of a database. It keeps vacuum from removing newer dead rows. */
export interface VacuumBlocker {
  /** What holds the transaction open. */
  readonly kind: "session" | "prepared transaction" | "replication slot";
  /** The process id of the session, or the name of the prepared transaction or of the slot. */
  readonly name: string;
  /** The name of the application and the state of the session, as far as known. */
  readonly description: string;
  /** For how long it has been open, in ms; `undefined` if unknown. */
  readonly ageMs: number | undefined;
}

/** The health of a store. */
export interface Health {
  /** The queues that have jobs, also those whose jobs have all ended, and those that are paused. */
  readonly queues: readonly QueueDepth[];
  /**
   * In Postgres: the oldest open transaction that keeps vacuum from removing dead rows, if there is
   * one.
   */
  readonly vacuumBlocker?: VacuumBlocker | undefined;
}

/** The number of jobs in one queue with one status. */
export interface LiveCount {
  /** The name of the queue. */
  readonly queueName: string;
  /** The status. */
  readonly status: JobStatus;
  /** The number of jobs. */
  readonly count: number;
  /** Since when the oldest of them has been due, in ms since 1970. Needed of ready jobs only. */
  readonly oldestRunAt?: number | undefined;
}

/** The depth of each queue, from the counts by status and what is set for queues. */
export function depthsOf(
  counts: readonly LiveCount[],
  now: number,
  settings: readonly QueueSettings[],
): QueueDepth[] {
  const depths = new Map<string, { -readonly [Key in keyof QueueDepth]: QueueDepth[Key] }>();
  const depthOf = (queueName: string) => {
    const known = depths.get(queueName);
    if (known !== undefined) return known;
    const pause = pauseOf(settings, queueName);
    const depth = {
      queueName,
      ready: 0,
      running: 0,
      waiting: 0,
      oldestReadyMs: undefined,
      ...pause && { pause },
    };
    depths.set(queueName, depth);
    return depth;
  };
  // A queue that is paused is there, though it may have no jobs.
  for (const { queueName } of settings) if (queueName !== undefined) depthOf(queueName);
  for (const { queueName, status, count, oldestRunAt } of counts) {
    const depth = depthOf(queueName);
    if (hasEnded(status)) continue;
    if (status === "running") depth.running += count;
    else if (status !== "ready") depth.waiting += count;
    else {
      depth.ready += count;
      depth.oldestReadyMs = oldestRunAt === undefined ? undefined : Math.max(0, now - oldestRunAt);
    }
  }
  return [...depths.values()].sort((a, b) => a.queueName < b.queueName ? -1 : 1);
}
