/**
 * The interface between queues, workers and stores. A store knows nothing of handlers, spans and
 * hooks. It stores records, grants leases, and refuses outcomes of attempts whose leases have
 * expired.
 *
 * Three rules hold for every store. Its clock is the only clock: durations are passed as `…Ms`, and
 * absolute times are compared with the time of the store. Each call is atomic. A settlement is
 * fenced by the token of its lease: a worker whose lease has expired cannot change the job.
 *
 * @module
 */
import type { Health } from "./health.ts";
import type { QueueSettings, QueueSettingsChange } from "./queue_settings.ts";
import type {
  AttemptRecords,
  FoundRecord,
  JobError,
  JobInput,
  JobPart,
  JobRecord,
  Operator,
} from "../job/record.ts";
import type { JobStatus } from "../job/status.ts";

/** The answer of `add` for one job. */
export interface AddedJob {
  /** The stored job. If its idempotency key or id was stored before, it is the job that has it. */
  readonly job: FoundRecord;
  /** Whether the job was stored before this call. */
  readonly deduplicated: boolean;
}

/** Options of `add`. */
export interface AddOptions<Transaction = never> {
  /** A transaction of the caller in which the jobs are added. */
  readonly transaction?: Transaction | undefined;
  /**
   * The parts of the jobs to return. A payload or a result that is left out is replaced by its
   * size, and is not read of jobs that were stored before. Default: all.
   */
  readonly include?: readonly JobPart[] | undefined;
}

/** The answer of `cancel` and `retry`. */
export interface ChangedRecord {
  /** The job after the call. */
  readonly job: JobRecord;
  /** Whether the call changed it. */
  readonly changed: boolean;
  /** With `descendants`: the number of descendants that were cancelled. */
  readonly cancelledDescendants?: number | undefined;
  /** The dependency because of which the job cannot be retried, if there is one. */
  readonly hindrance?: Hindrance | undefined;
}

/** Options of `cancel`. */
export interface CancelRecordOptions {
  /** The error to store with the job. */
  readonly error: JobError;
  /**
   * Whether its descendants are cancelled too, even if the job itself has ended: its children,
   * their children, and those of dependents that were cancelled because of one of them. Default:
   * false.
   */
  readonly descendants?: boolean | undefined;
  /**
   * Who cancels it. It is recorded as the `operation` of the job, and of the descendants that are
   * cancelled. Default: nothing is recorded.
   */
  readonly operator?: Operator | undefined;
}

/** A dependency that did not complete. */
export interface FailedDependency {
  /** Its id. */
  readonly dependencyId: string;
  /** Its status. */
  readonly status: "failed" | "cancelled";
}

/**
 * A dependency because of which a job cannot be retried: one that did not complete, or one that is
 * no longer stored, so that its outcome is unknown.
 */
export type Hindrance =
  | FailedDependency
  | { readonly dependencyId: string; readonly status: "removed" };

/** Options of `retry`. */
export interface RetryRecordOptions {
  /**
   * Whether the dependents that were cancelled because of the job, and their dependents, are
   * blocked again. Default: true.
   */
  readonly dependents?: boolean | undefined;
  /** Whether the job is retried even if a dependency did not complete. Default: false. */
  readonly force?: boolean | undefined;
  /**
   * Who retries it. It is recorded as the `operation` of the job, not of dependents that come back.
   * Default: nothing is recorded.
   */
  readonly operator?: Operator | undefined;
}

/**
 * Which jobs to change. A job must match all fields that are set; one must be set beside `after` and
 * `asOf`, else a call is refused with a `TypeError`.
 */
export interface ChangeFilter extends
  Pick<
    RecordFilter,
    | "ids"
    | "queueNames"
    | "statuses"
    | "correlationId"
    | "parentId"
    | "createdFrom"
    | "createdBefore"
  > {
  /** Jobs of this trace. That an attempt ran in it does not count. */
  readonly traceId?: string | undefined;
  /** Jobs with a higher sequence than this: where the pass before ended. */
  readonly after?: number | undefined;
  /** Of the jobs that have ended only those that ended at this time or earlier, in ms since 1970. */
  readonly asOf?: number | undefined;
}

/** A change of many jobs. The statuses of the jobs that it is for are `changeableStatuses`. */
export type MassChange =
  /** Cancels jobs with this error, and the dependents that are cancelled with them. */
  | {
    readonly type: "cancel";
    readonly error: JobError;
    readonly operator?: Operator | undefined;
  }
  /**
   * Retries jobs as `retry` does, dependencies before their dependents, so that a job is not
   * hindered by one that the same pass retries.
   */
  | ({ readonly type: "retry" } & RetryRecordOptions)
  /**
   * Changes when jobs are due, or their priority. A job that is due and stays due keeps its time,
   * and with it its place in the order of claims. One that is blocked goes on waiting for its
   * dependencies.
   */
  | {
    readonly type: "reschedule";
    /** When they are due, in ms since 1970; at the earliest now. */
    readonly runAt?: number | undefined;
    /** After what time they are due, in ms. */
    readonly delayMs?: number | undefined;
    /** Their new priority. */
    readonly priority?: number | undefined;
    readonly operator?: Operator | undefined;
  }
  /** Removes jobs as retention does, but no job on which an unfinished one depends. */
  | { readonly type: "delete" };

/** Options of `change`. */
export interface ChangeOptions {
  /** The maximum number of jobs that the pass looks at, 1 to 1,000. */
  readonly limit: number;
}

/** The answer of `change`. */
export interface ChangeResult {
  /** The number of jobs that match and that this pass changed. */
  readonly changed: number;
  /**
   * The number of jobs that match, have one of the statuses that the change is for, and were not
   * changed: a retry was hindered, a job to delete is still needed.
   */
  readonly refused: number;
  /** Where the next pass continues (`ChangeFilter.after`); `undefined` if no later job matches. */
  readonly after?: number | undefined;
  /** The time of the pass, in ms since 1970, for `ChangeFilter.asOf` of the next one. */
  readonly at: number;
}

/** The exclusive right of a worker to one attempt. */
export interface Lease {
  /** The job. */
  readonly jobId: string;
  /** The secret by which the store recognizes the holder. */
  readonly leaseToken: string;
}

/** Options of `extend`. */
export interface ExtendOptions {
  /** The new duration of the leases from now, in ms. */
  readonly leaseMs: number;
}

/** A lease to be extended. */
export interface Extension extends Lease {
  /**
   * The state of its attempt: it `waits` for its start; it `begins`, so that its start is recorded
   * if the answer is `held`; or it is `running`. Default: `running`.
   */
  readonly attempt?: "waits" | "begins" | "running" | undefined;
}

/** A request for jobs of one queue. */
export interface Claim {
  /** The queue to claim from. */
  readonly queueName: string;
  /** The maximum number of jobs. */
  readonly limit: number;
  /** The duration of the leases, in ms. */
  readonly leaseMs: number;
  /** The name of the worker: the claimed jobs have it, and their attempts. */
  readonly workerName?: string | undefined;
}

/** A claimed job with its lease. `attempts` is the number of this attempt. */
export interface ClaimedJob extends JobRecord {
  /** The token of the lease. */
  readonly leaseToken: string;
  /** For how long it had been due, in ms. */
  readonly waitMs: number;
  /**
   * Whether a lease on it has expired without a recorded start of the attempt: the job may have
   * ended its worker. The worker must record the start by `extend` before it calls the handler.
   */
  readonly isSuspect: boolean;
  /**
   * The `traceparent`s of its dependencies: that of the last attempt of each, else that of its
   * enqueue. At most {@linkcode mostLinks}.
   */
  readonly dependencyTraceparents: readonly string[];
}

/** The default limit of the links of a span in OpenTelemetry. */
export const mostLinks = 128;

/**
 * The outcome of an attempt, and the status that the job gets by it. The table is
 * `attemptOutcomes`.
 */
export type Change =
  | {
    readonly status: "completed";
    readonly outcome: "completed";
    readonly result?: string | undefined;
  }
  | {
    readonly status: "retrying";
    readonly outcome: "failed" | "timed_out" | "released";
    readonly error: JobError;
    readonly delayMs: number;
  }
  | {
    readonly status: "failed";
    readonly outcome: "failed" | "timed_out" | "released";
    readonly error: JobError;
  }
  /** The attempt does not count and is not recorded, but counted in `snoozes`. */
  | {
    readonly status: "scheduled";
    readonly outcome: "snoozed";
    readonly delayMs: number;
    /** The queue is paused until the same time, for this reason; a pause that ends later holds. */
    readonly pauseReason?: string | undefined;
  }
  /**
   * The attempt does not count. If it had started, it is recorded and counted in `releases`; if
   * not, nothing is recorded of it.
   */
  | { readonly status: "ready"; readonly outcome: "released"; readonly started: boolean };

/** The outcome of an attempt, to be recorded. */
export interface Settlement extends Lease {
  /** The change of the job. */
  readonly change: Change;
  /** How long the handler ran, in ms. */
  readonly runMs: number;
  /** The W3C `traceparent` of the span of the attempt. */
  readonly traceparent?: string | undefined;
}

/**
 * The state of a lease: valid (`held`), expired (`lost`), or ended because the job was `cancelled`.
 */
export type LeaseState = "held" | "lost" | "cancelled";

/** Outcomes to record and queues to claim from. */
export interface SettleAndClaimRequest {
  /** The outcomes. They are recorded first, so that the same call can claim a dependent. */
  readonly settlements: readonly Settlement[];
  /** The claims, at most one for each queue. */
  readonly claims: readonly Claim[];
}

/** The answer of `settleAndClaim`. */
export interface SettleAndClaimResult {
  /** For each settlement, in order: `held` if it was recorded, else the reason why not. */
  readonly settled: readonly LeaseState[];
  /** The claimed jobs, in the order in which to start them. */
  readonly claimed: readonly ClaimedJob[];
  /**
   * For each claim, in order: after what time to claim from its queue again, in ms. 0 if its limit
   * was reached, else the time until the next job of the queue is due and the queue is not paused;
   * `undefined` if no job waits for its time, or the pause has no end.
   */
  readonly nextInMs: readonly (number | undefined)[];
}

/** Which jobs to find. A job must match all fields that are set. */
export interface RecordFilter {
  /** Jobs with one of these ids. */
  readonly ids?: readonly string[] | undefined;
  /** Jobs in one of these queues. */
  readonly queueNames?: readonly string[] | undefined;
  /** Jobs with one of these statuses. */
  readonly statuses?: readonly JobStatus[] | undefined;
  /** Jobs of this trace, or with an attempt that ran in it. */
  readonly traceId?: string | undefined;
  /** Jobs with this correlation id. */
  readonly correlationId?: string | undefined;
  /** Jobs with this parent. */
  readonly parentId?: string | undefined;
  /** Jobs that were added at this time or later, in ms since 1970. */
  readonly createdFrom?: number | undefined;
  /** Jobs that were added before this time, in ms since 1970. */
  readonly createdBefore?: number | undefined;
  /** Jobs with a lower sequence than this. */
  readonly before?: number | undefined;
  /** The maximum number of jobs. */
  readonly limit: number;
  /** The approximate maximum size of the page, in bytes, of at least one job. Default: no limit. */
  readonly maxBytes?: number | undefined;
  /** The parts to read. Others are not read, not even for their size. Default: all. */
  readonly include?: readonly JobPart[] | undefined;
  /**
   * Whether to read the attempts of each job. They count in `maxBytes`; whether their errors are
   * whole is a matter of `include`. Default: false.
   */
  readonly attempts?: boolean | undefined;
}

/** Options of `get`. */
export interface GetOptions {
  /** Whether to read its attempts. Default: false. */
  readonly attempts?: boolean | undefined;
}

/** A page of jobs. */
export interface RecordPage {
  /** The jobs, newest first; at least one, if one matches. */
  readonly jobs: readonly FoundRecord[];
  /** Whether older jobs match, too. */
  readonly hasMore: boolean;
}

/** Which jobs to count. */
export interface CountRecordsOptions {
  /** Only jobs that ended within this time, in ms. Default: all jobs. */
  readonly endedWithinMs?: number | undefined;
}

/** The number of jobs in one queue with one status. */
export interface QueueCount {
  /** The queue. */
  readonly queueName: string;
  /** The status. */
  readonly status: JobStatus;
  /** The number of jobs. */
  readonly count: number;
}

/**
 * The end of a trace: its last unfinished job has ended. It is recorded once, in the step that
 * ended that job. A new job revives the trace; its next end has the next epoch.
 */
export interface TraceEnd {
  /** The trace id of its jobs. */
  readonly traceId: string;
  /**
   * The number of the end, from 1. Retention removes an end together with the job that ended last,
   * even if it was not reported, and the numbers can start again then; `finishedAt` distinguishes
   * such ends.
   */
  readonly epoch: number;
  /** The job that ended last. */
  readonly jobId: string;
  /** The correlation id of that job. */
  readonly correlationId?: string | undefined;
  /** When it ended, in ms since 1970. */
  readonly finishedAt: number;
}

/** A trace, and a job in it to leave out. */
export interface UnfinishedQuery {
  /** The trace. */
  readonly traceId: string;
  /** The job to leave out. */
  readonly exceptJobId: string;
}

/**
 * The ends of traces, for `onTraceComplete` and `ctx.isFinalJobInTrace()`. Both need an index of
 * the unfinished jobs of each trace; by `find`, the whole trace would be read each time.
 */
export interface TraceEnds {
  /**
   * Claims ends that no worker has reported to its hooks yet, oldest first, under a lease. A store
   * may keep ends only for those who ask: it may leave out what ended before the first call, or
   * when nobody had called for 7 days. Their epochs count all the same.
   */
  claim(claim: TraceEndClaim): Promise<readonly TraceEnd[]>;
  /** Records that these ends have been reported. */
  settle(ends: readonly TraceEnd[]): Promise<void>;
  /** Whether a trace has an unfinished job beside the given one, at this moment. */
  hasUnfinished(query: UnfinishedQuery): Promise<boolean>;
}

/** A request for ends of traces to report. */
export interface TraceEndClaim {
  /** The maximum number of ends. */
  readonly limit: number;
  /** The duration of the lease, in ms. An end that is not settled by then can be claimed again. */
  readonly leaseMs: number;
}

/** A worker that takes new jobs in the step that adds them. */
export interface Taker {
  /** Keeps places free for so many jobs of a queue; `undefined` if there are not so many now. */
  reserve(queueName: string, count: number): Reservation | undefined;
}

/** Places that are kept free. */
export interface Reservation {
  /** The duration of the leases, in ms. */
  readonly leaseMs: number;
  /** The name of the worker. */
  readonly workerName?: string | undefined;
  /** Called once, when the jobs are stored or could not be: with those that were claimed. */
  took(jobs: readonly ClaimedJob[]): void;
}

/**
 * A notification of workers: a job of a queue may have become ready, running jobs were cancelled,
 * or a queue was paused. A notice of this process is delivered before the call that caused it returns; one of
 * another process as soon as the store receives it, if it can.
 */
export type Notice =
  /** Without a name: in any queue. */
  | { readonly type: "ready"; readonly queueName?: string | undefined }
  | { readonly type: "cancelled"; readonly jobIds: readonly string[] }
  /** Without a name: all queues. What a worker holds of it and has not started, it hands back. */
  | { readonly type: "paused"; readonly queueName?: string | undefined }
  /** Notices of other processes may have been missed. */
  | { readonly type: "missed" };

/** How long ended jobs are kept, by how they ended, in ms. */
export interface OutcomeRetention {
  /** Completed jobs. */
  readonly completed: number;
  /** Failed jobs. */
  readonly failed: number;
  /** Cancelled jobs. */
  readonly cancelled: number;
}

/** How long ended jobs are kept, in ms; some queues can have times of their own. */
export interface Retention extends OutcomeRetention {
  /** The queues with times of their own, by name. */
  readonly queues?: Readonly<Record<string, OutcomeRetention>> | undefined;
}

/** What a worker says of itself: that it is there. Workers of one name are one. */
export interface WorkerAnnouncement {
  /** Its name. */
  readonly name: string;
  /** The queues that it works for. */
  readonly queueNames: readonly string[];
  /** When it will be there again at the latest, as far as it knows, in ms. */
  readonly nextInMs: number;
  /** How long its name is kept at least when it does not come again, in ms. */
  readonly keepMs: number;
}

/** A worker that has announced itself. */
export interface WorkerRecord extends Omit<WorkerAnnouncement, "keepMs"> {
  /** When it did so last, in ms since 1970. */
  readonly seenAt: number;
  /** How long ago that was, in ms. */
  readonly silentMs: number;
}

/** The most workers that `workers` returns. */
export const mostWorkers = 1_000;

/** Where a job is in its queue. */
export interface JobPlace {
  /** The time of the store, in ms since 1970. */
  readonly at: number;
  /** How many ready jobs of its queue are before it in the order of claims, counted to `mostAhead`. */
  readonly ahead: number;
  /** How many jobs of its queue are running. */
  readonly running: number;
}

/** To how many the jobs before a job are counted. */
export const mostAhead = 1_000;

/** Options of `maintain`. */
export interface Maintenance {
  /**
   * Jobs that ended longer ago than this are removed, in ms: those of each queue and outcome oldest
   * first, and none on which an unfinished job depends. A number is the time of all.
   */
  readonly retentionMs: number | Retention;
  /** The maximum number of leases to sweep, and of jobs to remove. */
  readonly limit: number;
}

/** A job whose lease had expired, after the sweep: `ready`, `retrying` or `failed`. */
export interface ExpiredJob extends JobRecord {
  /** The number of the attempt that was lost; `undefined` if it certainly had not started. */
  readonly lostAttempt: number | undefined;
  /** The time of the sweep, in ms since 1970. */
  readonly sweptAt: number;
}

/** A job that could not be swept, for example because of a constraint of the database. */
export interface RefusedSweep {
  /** The job. */
  readonly jobId: string;
  /** The message of the error. */
  readonly message: string;
}

/** The answer of `maintain`. */
export interface MaintenanceResult {
  /** The jobs whose leases had expired. */
  readonly expired: readonly ExpiredJob[];
  /** The jobs that could not be swept. Each call tries them again, after the others. */
  readonly refused: readonly RefusedSweep[];
  /** The number of ended jobs that were removed. */
  readonly removed: number;
}

/** Hints for workers. They are read at each use and may change. */
export interface StoreHints {
  /** The interval at which an idle worker should poll the store, in ms. */
  readonly pollMs: number;
  /**
   * The number of concurrent calls of `settleAndClaim` of a worker, 1 or 2. With 2, for example
   * over several connections, it records many outcomes in one call while it claims in another.
   * Default: 1.
   */
  readonly callsAtOnce?: 1 | 2 | undefined;
  /**
   * Whether the store receives notices of other processes at present. Otherwise a worker checks its
   * leases, and the pauses of queues of which it holds jobs that have not started, each second.
   * Default: false.
   */
  readonly hearsOthers?: boolean | undefined;
}

/**
 * A store of jobs. `Transaction` is the type of a transaction of the caller, in which jobs can be
 * added; `never` if the store has no transactions.
 */
export interface Store<Transaction = never> {
  /** Hints for workers. */
  readonly hints: StoreHints;
  /**
   * The ends of traces. Optional: without them, `onTraceComplete` and `isFinalJobInTrace` are
   * refused.
   */
  readonly traceEnds?: TraceEnds | undefined;
  /**
   * Adds jobs: all of them, or none.
   *
   * @throws {UnknownJobError} when a dependency or a parent is not stored.
   * @throws {JobIdTakenError} when another job has the id of one of them.
   */
  add(jobs: readonly JobInput[], options?: AddOptions<Transaction>): Promise<readonly AddedJob[]>;
  /** Records outcomes and claims jobs. */
  settleAndClaim(request: SettleAndClaimRequest): Promise<SettleAndClaimResult>;
  /** Extends leases, records the start of attempts, and returns the state of each lease. */
  extend(extensions: readonly Extension[], options: ExtendOptions): Promise<readonly LeaseState[]>;
  /** Returns the state of each lease. */
  check(leases: readonly Lease[]): Promise<readonly LeaseState[]>;
  /**
   * Cancels a job that has not ended, and the dependents that are cancelled with it; with
   * `descendants` also its descendants, until none of them is unfinished. A job that is added by a
   * transaction which was open at this time is cancelled by maintenance, unless it has started.
   * `undefined` if there is no such job.
   */
  cancel(id: string, options: CancelRecordOptions): Promise<ChangedRecord | undefined>;
  /**
   * Makes a failed or cancelled job ready again, with at least one more attempt, or blocked while a
   * dependency has not ended. In the same step the dependents that were cancelled because of it,
   * and their dependents, are blocked again, except those with another dependency that did not
   * complete. Any other job, and one with a `hindrance`, is not changed. `undefined` if there is no
   * such job.
   */
  retry(id: string, options?: RetryRecordOptions): Promise<ChangedRecord | undefined>;
  /**
   * Changes jobs that match, oldest first: one pass over at most `limit` of them that have a status
   * which the change is for, in one atomic step.
   *
   * @throws {TypeError} when the filter has no value.
   */
  change(filter: ChangeFilter, change: MassChange, options: ChangeOptions): Promise<ChangeResult>;
  /**
   * Counts the jobs that passes of such a change would look at. It stops at one more than `most`.
   *
   * @throws {TypeError} when the filter has no value.
   */
  countMatching(filter: ChangeFilter, type: MassChange["type"], most: number): Promise<number>;
  /**
   * Changes what is set for a queue. After the answer to a pause, no claim of the queue that began
   * before it is under way, and none that begins later brings a job until the pause ends; the end
   * of a pause by a call wakes workers. Returns what is set then; `undefined` if nothing is.
   */
  configure(change: QueueSettingsChange): Promise<QueueSettings | undefined>;
  /** What is set for queues, those of all queues first. A pause that is over is not set. */
  settings(): Promise<readonly QueueSettings[]>;
  /** Reads a job. */
  get(id: string, options?: GetOptions): Promise<(JobRecord & AttemptRecords) | undefined>;
  /** Finds jobs, newest first. Parts that are not requested are not read. */
  find(filter: RecordFilter): Promise<RecordPage>;
  /** Counts jobs by queue and status. */
  counts(options?: CountRecordsOptions): Promise<readonly QueueCount[]>;
  /** The place of a job in its queue, also of one that is not ready; `undefined` if there is none. */
  place(id: string): Promise<JobPlace | undefined>;
  /**
   * Notes that a worker is there. Names of others that have not come for as long as this one is to
   * be kept are forgotten, and the oldest when there are more than 10,000.
   */
  announce(worker: WorkerAnnouncement): Promise<void>;
  /** The workers that have announced themselves, the last first, at most `mostWorkers`. */
  workers(): Promise<readonly WorkerRecord[]>;
  /** The depth of each queue; in Postgres also what blocks vacuum. */
  health(): Promise<Health>;
  /**
   * Sweeps expired leases and removes jobs whose retention is over. An attempt whose start was
   * recorded counts: its job waits for its back-off (without one, for the default one), or has
   * failed. An attempt whose start was not recorded does not count: its job is ready at once, and
   * suspect.
   */
  maintain(maintenance: Maintenance): Promise<MaintenanceResult>;
  /**
   * Calls the listener with each notice. Workers do not rely on notices. Optional.
   *
   * @returns a function that ends it.
   */
  onNotice?(listener: (notice: Notice) => void): () => void;
  /**
   * Offers places for new jobs: where nothing of the queue stands before them, the step that adds
   * jobs can claim them for this worker of the same process. Optional.
   *
   * @returns a function that ends the offer.
   */
  offer?(taker: Taker): () => void;
  /** Closes what the store has open. */
  close(): Promise<void>;
}
