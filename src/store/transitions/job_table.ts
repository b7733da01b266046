/**
 * The port of the shared transitions: the storage that they need, a table of jobs with some indexes.
 * Every call is synchronous. That is a decision: one step of a store is one piece of code that nothing
 * comes between, as in memory, SQLite, or a Durable Object. A store that is far away must do many jobs
 * in one statement instead, as the Postgres store does; it implements `Store` itself.
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
} from "../../job/record.ts";
import type { JobStatus } from "../../job/status.ts";
import type { LiveCount } from "../health.ts";
import type {
  Claim,
  ClaimedJob,
  QueueCount,
  RecordFilter,
  RecordPage,
  Settlement,
  TraceEnd,
  TraceEndClaim,
  UnfinishedQuery,
} from "../store.ts";

/** The short fields of a record that a transition reads. */
export type RowField =
  | "id"
  | "queueName"
  | "status"
  | "attempts"
  | "releases"
  | "maxAttempts"
  | "backoff"
  | "startedAt"
  | "runAt"
  | "dependsOn"
  | "onDependencyFailure"
  | "traceId";

/**
 * What a transition reads of a job. It may be the stored job itself or a copy: after a change it is not
 * read again.
 */
export interface JobRow extends Pick<JobRecord, RowField> {
  /** The token of its lease, while it runs. */
  readonly leaseToken?: string | undefined;
  /** Whether its running attempt is known to have begun. */
  readonly hasBegun: boolean;
  /** Whether a lease on it expired once without that. */
  readonly isSuspect: boolean;
}

/** What a transition changes of a job. What is left out stays; `null` removes the field. */
export interface JobChanges {
  /** Its status. */
  readonly status?: JobStatus;
  /** The number of attempts that have started. */
  readonly attempts?: number;
  /** How often in a row an attempt was released. */
  readonly releases?: number;
  /** The maximum number of attempts. */
  readonly maxAttempts?: number;
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
}

/** A job that is stored under the id, or else the idempotency key, of one that is to be added. */
export interface KnownJob {
  /** It, with the parts that were asked for. */
  readonly job: FoundRecord;
  /** Whether its payload is that of the job to be added. Needed only where both ids are the same. */
  readonly hasSamePayload: boolean;
}

/** A blocked job, a dependency of which has ended. */
export interface Dependent<Row> {
  /** The row of the job. */
  readonly row: Row;
  /** Whether it waits for another dependency. */
  readonly waits: boolean;
}

/** The jobs as the transitions see them. */
export interface JobTable<Row extends JobRow = JobRow> {
  /** One job, as far as transitions read it. */
  row(id: string): Row | undefined;
  /** One job, in a copy for a caller. */
  record(id: string): JobRecord | undefined;
  /** The statuses of those of these jobs that are stored. */
  statuses(ids: readonly string[]): ReadonlyMap<string, JobStatus>;
  /** For each job to be added the one that was stored before, in the order of the inputs. */
  known(
    inputs: readonly JobInput[],
    include: readonly JobPart[] | undefined,
  ): readonly (KnownJob | undefined)[];
  /** The jobs with this parent. */
  children(id: string): Iterable<Row>;
  /** The cancelled jobs whose `error.dependencyId` is this job. */
  cancelledFor(id: string): Iterable<Row>;
  /** Running jobs whose lease ended before now, at most so many; with an id that one alone. */
  expired(now: number, limit: number, id?: string): readonly Row[];

  /** Stores a job behind all others, and gives it the next sequence, which it answers. */
  insert(job: Omit<JobRecord, "sequence">): number;
  /**
   * Changes a job. One that does not run any more has no lease. One that had ended and runs again
   * (`finishedAt: null`) takes back the end that it brought to its trace.
   */
  update(row: Row, changes: JobChanges): void;
  /**
   * Makes a job that waits for none wait for these dependencies, none of which has ended. With no
   * dependency it waits for none any more.
   */
  waitFor(id: string, dependencyIds: readonly string[]): void;
  /**
   * The blocked jobs that wait for some of these, which they do not any more; each once. With
   * `onlyFree` those that still wait for others may be left out.
   */
  takeDependents(ended: readonly Row[], onlyFree: boolean): Iterable<Dependent<Row>>;
  /** Keeps an attempt. */
  addAttempt(row: Row, attempt: AttemptRecord): void;
  /** Makes a job known by the trace that an attempt of it ran in, which is not its own. */
  addAttemptTrace(row: Row, traceId: string): void;
  /** Extends a lease; with `hasBegun` its attempt is known to have begun. */
  extendLease(row: Row, leasedUntil: number, hasBegun: boolean): void;
  /**
   * Makes due `scheduled` and `retrying` jobs of the queue `ready`, then claims those of the lowest
   * `inClaimOrder`: each is `running` from now on, its number of attempts is one higher, no begin is
   * recorded, and the lease has this token. In their order.
   */
  claim(claim: Claim, leaseToken: string, now: number): readonly ClaimedJob[];
  /** When the next job of a queue can be claimed: now, later, or `Infinity`. */
  nextAt(queueName: string, now: number): number;
  /** Optional: the ends of traces. Without them the store has none. */
  readonly traceEnds?: TraceEndTable<Row> | undefined;
  /**
   * Optional, for speed: completes a job if no job waits for it and it is alone in its trace, the end
   * of which it records too; else changes nothing. Called before anything else of the step.
   *
   * @returns Whether it has.
   */
  completePlainly?(settlement: Settlement, now: number): boolean;
}

/** The ends of traces. Which they are is recorded in the step in which the last job ends. */
export interface TraceEndTable<Row extends JobRow = JobRow> {
  /**
   * Of each trace of these jobs, which ended in this step, the last one last: unless it has an
   * unfinished job, records its end, on the job of it that ended last. Its epoch is one more than that
   * of the end before.
   */
  record(ended: readonly Row[], now: number): void;
  /** See `TraceEnds.claim`. */
  claim(claim: TraceEndClaim, now: number): readonly TraceEnd[];
  /** See `TraceEnds.settle`. */
  settle(ends: readonly TraceEnd[]): void;
  /** See `TraceEnds.hasUnfinished`. */
  hasUnfinished(query: UnfinishedQuery): boolean;
  /** Optional: whether `claim` would find any. Else a `write` looks. */
  isDue?(now: number): boolean;
}

/** All that a store over a table of jobs has: the table, what callers look up, and its transactions. */
export interface StoredJobs<Row extends JobRow = JobRow> extends JobTable<Row> {
  /**
   * Does all of the work, or none of it and throws, while nothing else changes the table. It may do it
   * twice, when the first attempt changed nothing.
   */
  write<T>(work: () => T): T | Promise<T>;
  /**
   * Optional: whether a `write` takes a lock that a `read` does not. Then an idle worker looks before it
   * claims. Default: false.
   */
  readonly writesLock?: boolean | undefined;
  /** Does work that changes nothing. */
  read<T>(work: () => T): T | Promise<T>;
  /** See `Store.find`. */
  find(filter: RecordFilter): RecordPage;
  /** The attempts of a job that have ended and did not complete it, oldest first. */
  attempts(id: string): readonly AttemptRecord[];
  /** How many jobs each queue has with each status. */
  count(): readonly QueueCount[];
  /** The same of those that ended after a time. */
  countEnded(after: number): readonly QueueCount[];
  /** The same of those that have not ended. */
  countLive(): readonly LiveCount[];
  /** Removes jobs that ended then or before, the oldest first, and says how many. */
  removeEnded(before: number, limit: number): number;
  /** Optional: whether there is an expired lease or an ended job to remove. Else a `write` looks. */
  isMaintenanceDue?(now: number, endedBefore: number): boolean;
  /** Lets go of what is held open. */
  close?(): void;
}
