/**
 * How many jobs wait and run, and what holds a store up.
 *
 * @module
 */
import { hasEnded, type JobStatus } from "../job/status.ts";

/** How many jobs of one queue wait and run. */
export interface QueueDepth {
  /** The queue. */
  readonly queueName: string;
  /** Jobs that could be claimed now. */
  readonly ready: number;
  /** Jobs that run. */
  readonly running: number;
  /** Jobs that wait for their time, their back-off or their dependencies. */
  readonly waiting: number;
  /** How long the oldest ready job has been due, in ms; `undefined` when none is ready. */
  readonly oldestReadyMs: number | undefined;
}

/** What keeps a database from removing what is dead: the oldest transaction that could still see it. */
export interface VacuumBlocker {
  /** What it is. */
  readonly kind: "session" | "prepared transaction" | "replication slot";
  /** Its process id, its transaction's or its slot's name. */
  readonly name: string;
  /** What it says of itself: the application's name and its state. */
  readonly description: string;
  /** How long it has been open, in ms, where that is known. */
  readonly ageMs: number | undefined;
}

/** The health of a store. */
export interface Health {
  /** Each queue that has jobs that have not ended. */
  readonly queues: readonly QueueDepth[];
  /** Postgres: the oldest transaction that keeps vacuum from its work, if any is open. */
  readonly vacuumBlocker?: VacuumBlocker | undefined;
}

/** Jobs of one queue with one status. */
export interface LiveCount {
  /** The name of the queue. */
  readonly queueName: string;
  /** The status. */
  readonly status: JobStatus;
  /** The number of jobs. */
  readonly count: number;
  /** Since when the oldest of them is due, in ms since 1970; asked of ready ones only. */
  readonly oldestRunAt?: number | undefined;
}

/** Puts the counts of each queue together. */
export function depthsOf(counts: readonly LiveCount[], now: number): QueueDepth[] {
  const depths = new Map<string, { -readonly [Key in keyof QueueDepth]: QueueDepth[Key] }>();
  for (const { queueName, status, count, oldestRunAt } of counts) {
    if (hasEnded(status)) continue;
    const depth = depths.get(queueName) ??
      { queueName, ready: 0, running: 0, waiting: 0, oldestReadyMs: undefined };
    depths.set(queueName, depth);
    if (status === "running") depth.running += count;
    else if (status !== "ready") depth.waiting += count;
    else {
      depth.ready += count;
      depth.oldestReadyMs = oldestRunAt === undefined ? undefined : Math.max(0, now - oldestRunAt);
    }
  }
  return [...depths.values()].sort((a, b) => a.queueName < b.queueName ? -1 : 1);
}
