/**
 * The seam: where jobs live between enqueue and lookup. A store knows nothing of handlers, spans or
 * hooks; it keeps records, gives leases and refuses outcomes of attempts that have lost theirs.
 *
 * Three rules hold for every store. The store's clock is the only clock: delays travel as `…Ms`,
 * and absolute times are compared with the store's time. A call either happens whole or not at all.
 * A settlement is fenced by its lease token: a worker that lost the lease can change nothing.
 *
 * @module
 */
import type { Health } from "./health.ts";
import type {
  AttemptRecords,
  FoundRecord,
  JobError,
  JobInput,
  JobPart,
  JobRecord,
} from "../job/record.ts";
import type { JobStatus } from "../job/status.ts";

/** What `add` answers for one job. */
export interface Added {
  /** The job as it is stored: with a used idempotency key or id, the first one. */
  readonly job: FoundRecord;
  /** Whether it was there before. */
  readonly deduplicated: boolean;
}

/** How jobs are added. */
export interface AddOptions<Transaction = never> {
  /** A caller's transaction to add them in. */
  readonly transaction?: Transaction | undefined;
  /**
   * The parts of the jobs to answer; of a payload or a result else the size. What is left out is not
   * read of jobs that were there before. Default: all.
   */
  readonly include?: readonly JobPart[] | undefined;
}

/** What became of a job that a caller cancels or retries. */
export interface ChangedRecord {
  /** The job as it is stored then. */
  readonly job: JobRecord;
  /** Whether this call changed it. */
  readonly changed: boolean;
  /** When its descendants were to be cancelled too: how many of them were. */
  readonly cancelledDescendants?: number | undefined;
  /** What keeps the job from being retried, if a dependency does. */
  readonly hindrance?: Hindrance | undefined;
}

/** How a job is cancelled. */
export interface CancelRecordOptions {
  /** Why. */
  readonly error: JobError;
  /**
   * Whether the jobs that are parts of it are cancelled too, whether it has ended or not: its children,
   * theirs, and those of dependents that were cancelled because of one of them. Default false.
   */
  readonly descendants?: boolean | undefined;
}

/** A dependency that did not complete. */
export interface FailedDependency {
  /** Its id. */
  readonly dependencyId: string;
  /** How it ended. */
  readonly status: "failed" | "cancelled";
}

/**
 * A dependency that keeps a job from being retried: one that did not complete, or one that is no longer
 * stored, so that it is unknown whether it did.
 */
export type Hindrance =
  | FailedDependency
  | { readonly dependencyId: string; readonly status: "removed" };

/** How a job is retried. */
export interface RetryOptions {
  /**
   * Whether the dependents that were cancelled because of the job, and in turn theirs, wait for it
   * again. Default true.
   */
  readonly dependents?: boolean | undefined;
  /** Whether it runs although a job that it depends on did not complete. Default false. */
  readonly force?: boolean | undefined;
}

/** A worker's right to one attempt. */
export interface Lease {
  /** The job. */
  readonly jobId: string;
  /** Proves that the attempt is still the holder's. */
  readonly leaseToken: string;
}

/** How leases are extended. */
export interface ExtendOptions {
  /** How long they last from now, in ms. */
  readonly leaseMs: number;
}

/** A lease to be extended. */
export interface Extension extends Lease {
  /**
   * The state of its attempt: it `waits` for its start; it `begins` when the answer is `held`, which
   * then says that its begin is recorded; or it is `running`, the default.
   */
  readonly attempt?: "waits" | "begins" | "running" | undefined;
}

/** How many jobs of a queue a worker can take. */
export interface Claim {
  /** The queue to claim from. */
  readonly queueName: string;
  /** At most this many. */
  readonly limit: number;
  /** How long the leases last unless extended. */
  readonly leaseMs: number;
}

/** A job that was claimed, with the lease on it. Its `attempts` is the number of this attempt. */
export interface ClaimedJob extends JobRecord {
  /** The token to extend and settle it with. */
  readonly leaseToken: string;
  /** How long it was due before it was claimed. */
  readonly waitMs: number;
  /**
   * Whether a lease on it expired once without a sign that its attempt had begun: it may be what
   * ended the worker. Its begin is to be recorded by `extend` before it starts.
   */
  readonly isSuspect: boolean;
  /**
   * The `traceparent`s of the jobs it depended on: of the attempt that ended each, else of its
   * creation. Of the first {@linkcode mostLinks} at most.
   */
  readonly dependencyTraceparents: readonly string[];
}

/** How many links a span can have, by OpenTelemetry's default. */
export const mostLinks = 128;

/** How an attempt ended, and the status that it gives its job; the table is `attemptOutcomes`. */
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
  /**
   * Not charged. An attempt that had started is remembered and counted in `releases`, one that had
   * not leaves no trace.
   */
  | { readonly status: "ready"; readonly outcome: "released"; readonly started: boolean };

/** One attempt's outcome, to be recorded. */
export interface Settlement extends Lease {
  /** What it makes of the job. */
  readonly change: Change;
  /** How long the handler ran. */
  readonly runMs: number;
  /** The `traceparent` of the attempt's span. */
  readonly traceparent?: string | undefined;
}

/** Whether a lease still holds: `lost` to another worker, or the job was `cancelled` by a caller. */
export type LeaseState = "held" | "lost" | "cancelled";

/** The outcomes to record and the queues to claim from. */
export interface SettleAndClaimRequest {
  /** Recorded first, so that a dependent can be claimed by the same call. */
  readonly settlements: readonly Settlement[];
  /** One for each queue, no queue twice. */
  readonly claims: readonly Claim[];
}

/** What `settleAndClaim` did. */
export interface SettleAndClaimResult {
  /** For each settlement, in order: `held` when it was recorded, else why not. */
  readonly settled: readonly LeaseState[];
  /** The claimed jobs, in the order in which to start them. */
  readonly claimed: readonly ClaimedJob[];
  /**
   * For each claim, in order: when to claim from its queue again, in ms. 0 when its limit was reached,
   * else the time until the queue's next waiting job is due; `undefined` when none waits for its time.
   */
  readonly nextInMs: readonly (number | undefined)[];
}

/** Which jobs to find. All that is given must hold. */
export interface RecordFilter {
  /** With one of these ids. */
  readonly ids?: readonly string[] | undefined;
  /** In one of these queues. */
  readonly queueNames?: readonly string[] | undefined;
  /** With one of these statuses. */
  readonly statuses?: readonly JobStatus[] | undefined;
  /** Of this trace, or with an attempt that ran in it. */
  readonly traceId?: string | undefined;
  /** With this correlation id. */
  readonly correlationId?: string | undefined;
  /** Enqueued by this job. */
  readonly parentId?: string | undefined;
  /** Added at or after this time, in ms since 1970. */
  readonly createdFrom?: number | undefined;
  /** Added before this time, in ms since 1970. */
  readonly createdBefore?: number | undefined;
  /** With a sequence below this one. */
  readonly before?: number | undefined;
  /** At most this many. */
  readonly limit: number;
  /** At most so many bytes, roughly, though at least one job. Default: any number. */
  readonly maxBytes?: number | undefined;
  /** The parts to read; the others are not even read to be measured. Default: all. */
  readonly include?: readonly JobPart[] | undefined;
  /**
   * Whether to read each job's attempts too. They count in `maxBytes`, and their errors are whole or
   * short as `include` says. Default false.
   */
  readonly attempts?: boolean | undefined;
}

/** What to read of one job. */
export interface GetOptions {
  /** Whether to read its attempts too. Default false. */
  readonly attempts?: boolean | undefined;
}

/** Jobs that fit, newest first. */
export interface RecordPage {
  /** The jobs. At least one, if any fits. */
  readonly jobs: readonly FoundRecord[];
  /** Whether there are older ones. */
  readonly hasMore: boolean;
}

/** Which jobs to count. */
export interface CountRecordsOptions {
  /** Only those that have ended, less than so many ms ago. Default: all. */
  readonly endedWithinMs?: number | undefined;
}

/** How many jobs of one queue have one status. */
export interface QueueCount {
  /** The queue. */
  readonly queueName: string;
  /** The status. */
  readonly status: JobStatus;
  /** How many. */
  readonly count: number;
}

/**
 * The end of a trace: its last unfinished job has ended. Recorded once, in the step that ended that
 * job; a new job revives the trace, and its next end has the next epoch.
 */
export interface TraceEnd {
  /** The trace, by its jobs' own trace id. */
  readonly traceId: string;
  /**
   * Counted from 1. Retention removes an end with the job that ended last, reported or not, and the
   * count can begin anew then; `finishedAt` distinguishes such ends.
   */
  readonly epoch: number;
  /** The job that ended last. */
  readonly jobId: string;
  /** That job's business process. */
  readonly correlationId?: string | undefined;
  /** When it ended, in ms since 1970. */
  readonly finishedAt: number;
}

/** A trace, and a job in it to leave out. */
export interface UnfinishedQuery {
  /** The trace. */
  readonly traceId: string;
  /** A job that does not count. */
  readonly exceptJobId: string;
}

/**
 * The ends of traces: the part of a store that `onTraceComplete` and `ctx.isFinalJobInTrace()` need.
 * Whether a trace has ended is known from the same index in both cases; by `find` the whole trace would
 * be read each time.
 */
export interface TraceEnds {
  /** Claims ends that no worker has reported to its hooks yet, oldest first, under a lease. */
  claim(claim: TraceEndClaim): Promise<readonly TraceEnd[]>;
  /** Records that these ends have been reported. */
  settle(ends: readonly TraceEnd[]): Promise<void>;
  /** Whether a trace has an unfinished job beside the given one, at this moment. */
  hasUnfinished(query: UnfinishedQuery): Promise<boolean>;
}

/** How many ends of traces a worker can report. */
export interface TraceEndClaim {
  /** At most this many. */
  readonly limit: number;
  /** How long they are this worker's to report; then, unless settled, any worker's again. */
  readonly leaseMs: number;
}

/**
 * What a store notifies workers of: that a job of a queue may have become ready, or that jobs which were
 * claimed were cancelled. Those of this process come before the call that made them
 * answers; those of other processes as soon as the store hears of them, if it can.
 */
export type Notice =
  | { readonly type: "ready"; readonly queueName: string }
  | { readonly type: "cancelled"; readonly jobIds: readonly string[] }
  /** Notices of other processes may have been missed: what matters is to be asked for. */
  | { readonly type: "missed" };

/** What maintenance is to do. */
export interface Maintenance {
  /** Jobs that ended longer ago than this are removed. */
  readonly retentionMs: number;
  /** At most this many leases are swept and this many jobs removed in one call. */
  readonly limit: number;
}

/** A job whose lease had expired, as it is stored now: `ready` again, `retrying` or `failed`. */
export interface ExpiredJob extends JobRecord {
  /** The attempt that was lost, counted from 1; `undefined` when it is certain that none had begun. */
  readonly lostAttempt: number | undefined;
  /** When the sweep found it, in ms since 1970. */
  readonly sweptAt: number;
}

/** A job whose expired lease the store refused to end, such as by a constraint. */
export interface RefusedSweep {
  /** The job. */
  readonly jobId: string;
  /** What the store said. */
  readonly message: string;
}

/** What maintenance did. */
export interface MaintenanceResult {
  /** Jobs whose lease had expired. */
  readonly expired: readonly ExpiredJob[];
  /** Jobs that could not be swept. They are tried again, and keep no other from being swept. */
  readonly refused: readonly RefusedSweep[];
  /** How many ended jobs were removed. */
  readonly removed: number;
}

/** How workers should use a store. They read each hint when they need it, so that it may change. */
export interface StoreHints {
  /** How often a worker with nothing to do should ask, in ms. Notices make it rarer, never needed. */
  readonly pollMs: number;
  /**
   * How many calls of `settleAndClaim` a worker should have under way at once, 1 or 2. With 2, as where
   * several connections do more than one, it records many outcomes in one call while it claims in
   * another. Default 1.
   */
  readonly callsAtOnce?: 1 | 2 | undefined;
  /**
   * Whether notices of other processes arrive by themselves at the moment. While they do not, a worker
   * with claimed jobs checks its leases each second. Default false.
   */
  readonly hearsOthers?: boolean | undefined;
}

/**
 * Where jobs live. `Transaction` is what a caller's own database transaction is to it; `never` where
 * it has none.
 */
export interface Store<Transaction = never> {
  /** How workers should use it. */
  readonly hints: StoreHints;
  /** The ends of traces. A store may do without; then what needs them is refused. */
  readonly traceEnds?: TraceEnds | undefined;
  /** Adds all of them, or none and throws. An unknown dependency is an `UnknownJobError`. */
  add(jobs: readonly JobInput[], options?: AddOptions<Transaction>): Promise<readonly Added[]>;
  /** Records outcomes and claims the next jobs. */
  settleAndClaim(request: SettleAndClaimRequest): Promise<SettleAndClaimResult>;
  /** Extends leases, records which attempts have begun, and says which of the leases still hold. */
  extend(extensions: readonly Extension[], options: ExtendOptions): Promise<readonly LeaseState[]>;
  /** Says which of these leases still hold, and changes nothing. */
  check(leases: readonly Lease[]): Promise<readonly LeaseState[]>;
  /**
   * Cancels a job that has not ended, and the dependents that its end cancels; perhaps its descendants
   * too, until none is found that has not ended. What a caller's transaction adds that was open
   * meanwhile is cancelled by maintenance, if it has not begun. `undefined` when there is no such job.
   */
  cancel(id: string, options: CancelRecordOptions): Promise<ChangedRecord | undefined>;
  /**
   * Makes a failed or cancelled job ready again, with at least one more attempt, or blocked while a
   * dependency has not ended. In the same step the dependents that were cancelled because of it, and in
   * turn theirs, are blocked again, but for those that depend on another job that did not complete.
   * Any other job, and one that a dependency hinders, stays as it is. `undefined` when there is no
   * such job.
   */
  retry(id: string, options?: RetryOptions): Promise<ChangedRecord | undefined>;
  /** One job, whole. */
  get(id: string, options?: GetOptions): Promise<(JobRecord & AttemptRecords) | undefined>;
  /** Jobs, newest first. What is not asked for of them is not read. */
  find(filter: RecordFilter): Promise<RecordPage>;
  /** How many jobs each queue has with each status. */
  counts(options?: CountRecordsOptions): Promise<readonly QueueCount[]>;
  /** The depth of each queue, and what slows the store down. */
  health(): Promise<Health>;
  /**
   * Sweeps expired leases and removes what is past its retention. An attempt whose begin is recorded
   * is charged: its job waits its back-off, the default one if it has none of its own, or has failed.
   * One whose begin is not recorded is charged nothing: its job is ready at once, as a suspect.
   */
  maintain(maintenance: Maintenance): Promise<MaintenanceResult>;
  /** Calls back with each notice; a hint that may be missing. Returns its end. */
  onNotice?(listener: (notice: Notice) => void): () => void;
  /** Lets go of what the store holds open. */
  close(): Promise<void>;
}
