/**
 * The storage that the shared transitions need: a table of jobs with some indexes. All of its calls
 * are synchronous by decision, so that no other code runs within a step of the store, as in memory,
 * in SQLite or in a Durable Object. A remote store must process many jobs in one statement instead;
 * it implements `Store` itself, as the Postgres store does.
 *
 * @module
 */
import type {
  AttemptRecord,
  FoundRecord,
  JobError,
  JobInput,
  JobPart,
  JobRecord,
  Operation,
} from "../../job/record.ts";
import type { JobStatus } from "../../job/status.ts";
import type { LiveCount } from "../health.ts";
import type { QueueSettings } from "../queue_settings.ts";
import type {
  ChangeFilter,
  Claim,
  ClaimedJob,
  JobPlace,
  Maintenance,
  Notice,
  QueueCount,
  RecordFilter,
  RecordPage,
  Settlement,
  TraceEnd,
  TraceEndClaim,
  UnfinishedQuery,
  WorkerAnnouncement,
  WorkerRecord,
} from "../store.ts";

/** The fields of a record that transitions read. None of them is large. */
export type RowField =
  | "sequence"
  | "id"
  | "queueName"
  | "status"
  | "attempts"
  | "releases"
  | "snoozes"
  | "maxAttempts"
  | "backoff"
  | "startedAt"
  | "runAt"
  | "dependsOn"
  | "onDependencyFailure"
  | "traceId";

/**
 * A job as transitions read it: the stored job itself or a copy. After a change it is not read
 * again.
 */
export interface JobRow extends Pick<JobRecord, RowField> {
  /** The token of its lease while it is running. */
  readonly leaseToken?: string | undefined;
  /** Whether the start of its running attempt is recorded. */
  readonly hasBegun: boolean;
  /** Whether a lease on it has expired without a recorded start. */
  readonly isSuspect: boolean;
}

/** Changes of a job. A field that is left out is not changed; `null` removes its value. */
export interface JobChanges {
  /** Its status. */
  readonly status?: JobStatus;
  /** The number of attempts that have started. */
  readonly attempts?: number;
  /** How often in a row an attempt was released. */
  readonly releases?: number;
  /** How often in a row its handler asked to be run again later. */
  readonly snoozes?: number;
  /** The maximum number of attempts. */
  readonly maxAttempts?: number;
  /** Jobs with a higher priority are claimed first. */
  readonly priority?: number;
  /** When it is due, in ms since 1970. */
  readonly runAt?: number;
  /** When its latest attempt started, in ms since 1970. */
  readonly startedAt?: number;
  /** When it ended, in ms since 1970. */
  readonly finishedAt?: number | null;
  /** Its result as JSON text. */
  readonly result?: string | null;
  /** Its error. */
  readonly error?: JobError | null;
  /** The W3C `traceparent` of its latest attempt that has ended. */
  readonly attemptTraceparent?: string | null;
  /** Whether a lease on it expired once without a recorded start. */
  readonly isSuspect?: boolean;
  /** The last thing that an operator did to it. */
  readonly operation?: Operation;
}

/** A stored job with the id, or else the idempotency key, of a job to be added. */
export interface KnownJob {
  /** The stored job with the requested parts. */
  readonly job: FoundRecord;
  /** Whether it has the payload of the job to be added. Needed only if both have the same id. */
  readonly hasSamePayload: boolean;
}

/** A blocked job of which a dependency has ended. */
export interface Dependent<Row> {
  /** The row of the job. */
  readonly row: Row;
  /** Whether it waits for another dependency. */
  readonly waits: boolean;
}

/** The table of jobs. */
export interface JobTable<Row extends JobRow = JobRow> {
  /** The row of a job. */
  row(id: string): Row | undefined;
  /** A copy of the record of a job. */
  record(id: string): JobRecord | undefined;
  /** The statuses of these jobs, without those that are not stored. */
  statuses(ids: readonly string[]): ReadonlyMap<string, JobStatus>;
  /**
   * For each job to be added, in order: the job that is stored with its id or its idempotency key.
   */
  known(
    inputs: readonly JobInput[],
    include: readonly JobPart[] | undefined,
  ): readonly (KnownJob | undefined)[];
  /** The jobs with this parent. */
  children(id: string): Iterable<Row>;
  /** The cancelled jobs whose `error.dependencyId` is this job. */
  cancelledFor(id: string): Iterable<Row>;
  /** Running jobs whose leases have expired, at most `limit`; with an id only this one. */
  expired(now: number, limit: number, id?: string): readonly Row[];
  /** The first jobs that match a filter with statuses, oldest first. */
  matching(filter: ChangeFilter, limit: number): readonly Row[];
  /** Of these jobs, which have ended, the ids of those on which an unfinished job depends. */
  needed(ended: readonly Row[]): ReadonlySet<string>;

  /**
   * Stores a job with the next sequence.
   *
   * @returns the sequence.
   */
  insert(job: Omit<JobRecord, "sequence">): number;
  /**
   * Changes a job. A job that is not running any more loses its lease, and one that waits its
   * worker. A job that had ended and is
   * retried (`finishedAt: null`) revokes the end of its trace, if it was recorded on it.
   */
  update(row: Row, changes: JobChanges): void;
  /**
   * Sets the dependencies that a job waits for, none of which has ended. The job waits for none
   * before. An empty list clears them.
   */
  waitFor(id: string, dependencyIds: readonly string[]): void;
  /**
   * Removes these jobs from the dependencies that others wait for.
   *
   * @returns the jobs that waited for one of them, each once. With `onlyFree`, jobs that still wait
   * for another dependency may be left out.
   */
  takeDependents(ended: readonly Row[], onlyFree: boolean): Iterable<Dependent<Row>>;
  /** Removes a job that has ended, with all that is stored of it. */
  remove(row: Row): void;
  /** Stores an attempt. */
  /** Stores an attempt of a running job, with the worker of the job. */
  addAttempt(row: Row, attempt: AttemptRecord): void;
  /** Records that an attempt of a job ran in another trace, by which the job can be found. */
  addAttemptTrace(row: Row, traceId: string): void;
  /** Extends a lease. With `hasBegun` the start of its attempt is recorded. */
  extendLease(row: Row, leasedUntil: number, hasBegun: boolean): void;
  /**
   * Makes due `scheduled` and `retrying` jobs of the queue `ready`, then claims the first ones in
   * `inClaimOrder`: each becomes `running`, with one more attempt, without a recorded start, and
   * with a lease of this token and the worker of the claim.
   *
   * @returns the claimed jobs, in order.
   */
  claim(claim: Claim, leaseToken: string, now: number): readonly ClaimedJob[];
  /**
   * When the next job of a queue can be claimed, in ms since 1970: now, later, or `Infinity`; as if
   * the queue were not paused.
   */
  nextAt(queueName: string, now: number): number;
  /** What is set for queues, also pauses that are over. */
  settings(): Iterable<QueueSettings>;
  /** Replaces what is set for a queue, or for all; without a pause, nothing is. */
  putSettings(settings: QueueSettings): void;
  /** Whether something may be set for a queue, so that each claim asks. Optional. Default: true. */
  readonly hasSettings?: boolean | undefined;
  /** The later end of the pauses of a queue and of all queues; 0 if there is none. */
  pausedUntil(queueName: string): number;
  /** The ends of traces. Optional. */
  readonly traceEnds?: TraceEndTable<Row> | undefined;
  /**
   * Completes a job and records the end of its trace, if no job waits for it and it is the only one
   * in its trace; else it changes nothing. Called first in a step. Optional, for speed.
   *
   * @returns whether the job was completed.
   */
  completePlainly?(settlement: Settlement, now: number): boolean;
}

/** The ends of traces. An end is recorded in the step in which the last job of the trace ends. */
export interface TraceEndTable<Row extends JobRow = JobRow> {
  /**
   * Records the ends of traces after these jobs have ended, in this order. A trace has ended if
   * none of its jobs is unfinished; its end is recorded on the job that ended last. Its epoch is
   * one higher than that of its previous end.
   */
  record(ended: readonly Row[], now: number): void;
  /** See `TraceEnds.claim`. */
  claim(claim: TraceEndClaim, now: number): readonly TraceEnd[];
  /** See `TraceEnds.settle`. */
  settle(ends: readonly TraceEnd[]): void;
  /** See `TraceEnds.hasUnfinished`. */
  hasUnfinished(query: UnfinishedQuery): boolean;
  /** Whether `claim` would find one. Optional; without it, a `write` is needed to know. */
  isDue?(now: number): boolean;
}

/** The table of jobs with its lookups and its transactions. */
export interface StoredJobs<Row extends JobRow = JobRow> extends JobTable<Row> {
  /**
   * Runs the work in an exclusive transaction: all changes are made, or none if it throws. The work
   * may be run again if the first run changed nothing.
   */
  write<T>(work: () => T): T | Promise<T>;
  /**
   * Whether a `write` takes a lock that a `read` does not take. If so, an idle worker reads before
   * it claims. Optional. Default: false.
   */
  readonly writesLock?: boolean | undefined;
  /** Runs work that changes nothing. */
  read<T>(work: () => T): T | Promise<T>;
  /** See `Store.find`. */
  find(filter: RecordFilter): RecordPage;
  /** The number of jobs that match a filter with statuses, counted up to `most`. */
  countMatching(filter: ChangeFilter, most: number): number;
  /** Copies of the attempts of a job that have ended and did not complete it, oldest first. */
  attempts(id: string): readonly AttemptRecord[];
  /** See `Store.place`. */
  place(id: string): Omit<JobPlace, "at"> | undefined;
  /** See `Store.announce`. */
  announce(worker: WorkerAnnouncement, now: number): void;
  /** See `Store.workers`. */
  workers(now: number): readonly WorkerRecord[];
  /** The number of jobs by queue and status. */
  count(): readonly QueueCount[];
  /** The number of jobs that ended after a time, by queue and status. */
  countEnded(after: number): readonly QueueCount[];
  /**
   * The number of jobs that have not ended, by queue and status; and of each queue whose jobs have all
   * ended one count of such, whatever it says.
   */
  countLive(): readonly LiveCount[];
  /**
   * Removes ended jobs that have been kept for as long as they are to be, those of each queue and
   * outcome oldest first, and none on which an unfinished job depends. `retentionOf` says how long.
   *
   * @returns the number of removed jobs.
   */
  removeEnded(retentionMs: Maintenance["retentionMs"], now: number, limit: number): number;
  /**
   * Whether there is an expired lease or a job to remove. Optional; without it, a `write` is needed
   * to know.
   */
  isMaintenanceDue?(now: number, retentionMs: Maintenance["retentionMs"]): boolean;
  /**
   * Within a `write`: tells other processes, once it is done, that jobs may have become ready, and with
   * `interrupts` that running jobs were cancelled or queues paused. Optional.
   */
  tellOthers?(interrupts: boolean): void;
  /** Calls the listener with what other processes tell, until it is closed. Optional. */
  onOthers?(listener: (notice: Notice) => void): void;
  /** Closes what is open, once every `write` is done. Optional. */
  close?(): void | Promise<void>;
}
