/**
 * How a store stands.
 *
 * @module
 */

/** How one queue stands. */
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

/** How a store stands. */
export interface Health {
  /** Each queue that has jobs that have not ended. */
  readonly queues: readonly QueueDepth[];
  /** Postgres: the oldest transaction that keeps vacuum from its work, if any is open. */
  readonly vacuumBlocker?: VacuumBlocker | undefined;
}
