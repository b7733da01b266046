/**
 * The seam: where jobs live between enqueue and lookup. A store knows nothing of handlers, spans or
 * hooks; it keeps records, hands out leases and refuses whoever lost one.
 *
 * Three rules hold for every store. The store's clock is the only clock: delays travel as `…Ms`,
 * and absolute times are compared with the store's time. A call either happens whole or not at all.
 * A settlement is fenced by its lease token: who lost the lease can change nothing.
 *
 * Text that is JSON (`payload`, `result`, `backoff`) is kept as it came and never parsed.
 *
 * @module
 */
import type { JobStatus } from "./status.ts";

/** What happens to a job when a job that it depends on fails or is cancelled. */
export type DependencyFailurePolicy = "cancel" | "run";

/** What is kept of an error. */
export interface JobError {
  /** The error's class, such as `TypeError`. */
  readonly name: string;
  /** What it said. */
  readonly message: string;
  /** Where it was thrown, if known. */
  readonly stack?: string;
}

/** How an attempt ended that did not complete its job. */
export type AttemptOutcome = "failed" | "timed_out" | "cancelled" | "released" | "lease_expired";

/** One attempt that did not complete its job. */
export interface Attempt {
  /** Counted from 1. An attempt that was handed back is repeated under the same number. */
  readonly attempt: number;
  /** How it ended. */
  readonly outcome: AttemptOutcome;
  /** When it began, in ms since 1970. */
  readonly startedAt: number;
  /** When it was recorded, in ms since 1970. */
  readonly finishedAt: number;
  /** What went wrong, if anything did. */
  readonly error?: JobError | undefined;
  /** The W3C `traceparent` of the attempt's span, if it had one. */
  readonly traceparent?: string | undefined;
}

/** A job as a caller hands it to a store: checked, with everything decided but the store's part. */
export interface JobInput {
  /** Made by the caller, so that a graph of jobs can refer to itself before it is stored. */
  readonly id: string;
  /** The queue it waits in. */
  readonly queueName: string;
  /** JSON text. */
  readonly payload: string;
  /** Higher runs first. */
  readonly priority: number;
  /** Not before this long from now. */
  readonly delayMs?: number | undefined;
  /** Not before this time, in ms since 1970. */
  readonly runAt?: number | undefined;
  /** How many attempts it has in all. */
  readonly maxAttempts: number;
  /** JSON text of a back-off rule. */
  readonly backoff?: string | undefined;
  /** The limit of one attempt. */
  readonly timeoutMs?: number | undefined;
  /** A second job with this key in the same queue is the first one. */
  readonly idempotencyKey?: string | undefined;
  /** Ids of jobs that must end before it starts. Those added in the same call come before it. */
  readonly dependsOn: readonly string[];
  /** What a failed dependency does to it. */
  readonly onDependencyFailure: DependencyFailurePolicy;
  /** 32 lower-case hex digits. */
  readonly traceId: string;
  /** A business id. */
  readonly correlationId?: string | undefined;
  /** The job that enqueued it. */
  readonly parentId?: string | undefined;
  /** The creation context. Absent when the enqueuer had no tracing and so took no sampling decision. */
  readonly traceparent?: string | undefined;
  /** Vendors' part of the creation context. */
  readonly tracestate?: string | undefined;
}

/** A job as the store keeps it. Times are in ms since 1970. */
export interface JobRecord extends Omit<JobInput, "delayMs" | "runAt"> {
  /** Its place in the store's order: later jobs have higher numbers. */
  readonly sequence: number;
  /** Where it stands. */
  readonly status: JobStatus;
  /** Attempts begun, the running one among them. */
  readonly attempts: number;
  /** When it was added. */
  readonly createdAt: number;
  /** When it was, or will be, due. */
  readonly runAt: number;
  /** When the latest attempt began. */
  readonly startedAt?: number | undefined;
  /** When it ended. */
  readonly finishedAt?: number | undefined;
  /** JSON text of what the handler returned. */
  readonly result?: string | undefined;
  /** Why the latest attempt failed, or why the job was cancelled. */
  readonly error?: JobError | undefined;
  /** The `traceparent` of the latest settled attempt's span. */
  readonly attemptTraceparent?: string | undefined;
}

/** What `add` answers for one job. */
export interface Added {
  /** The job as it is stored: with a used idempotency key or id, the first one. */
  readonly job: JobRecord;
  /** Whether it was there before. */
  readonly deduplicated: boolean;
}

/** A worker's right to one attempt. */
export interface Lease {
  /** The job. */
  readonly jobId: string;
  /** Proves that the attempt is still the holder's. */
  readonly leaseToken: string;
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

/** A job that was claimed, with the lease on it. */
export interface ClaimedJob extends JobRecord {
  /** The token to extend and settle it with. */
  readonly leaseToken: string;
  /** How long it was due before it was claimed. */
  readonly waitMs: number;
}

/** Where an attempt's outcome takes its job. */
export type Change =
  | { readonly to: "completed"; readonly result?: string | undefined }
  | {
    readonly to: "retrying";
    readonly outcome: "failed" | "timed_out";
    readonly error: JobError;
    readonly delayMs: number;
  }
  | { readonly to: "failed"; readonly outcome: "failed" | "timed_out"; readonly error: JobError }
  /** Handed back. An attempt that had started is remembered, one that had not leaves no trace. */
  | { readonly to: "ready"; readonly started: boolean };

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

/** One turn: outcomes to record, then jobs to claim. */
export interface Turn {
  /** Recorded first, so that a dependent can be claimed in the same turn. */
  readonly settlements: readonly Settlement[];
  /** One for each queue, no queue twice. */
  readonly claims: readonly Claim[];
}

/** What a turn did. */
export interface TurnResult {
  /** For each settlement, in order: `held` when it was recorded, else why not. */
  readonly settled: readonly LeaseState[];
  /** The claimed jobs, in the order in which to start them. */
  readonly claimed: readonly ClaimedJob[];
  /**
   * When to ask again for the claimed queues: 0 when a claim's limit was reached, else the time
   * until the next waiting job is due; `undefined` when none waits for its time.
   */
  readonly nextInMs: number | undefined;
}

/** Which jobs to find. All that is given must hold. */
export interface RecordFilter {
  /** In this queue. */
  readonly queueName?: string | undefined;
  /** With one of these statuses. */
  readonly statuses?: readonly JobStatus[] | undefined;
  /** Of this trace. */
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

/** What upkeep is to do. */
export interface Upkeep {
  /** Jobs that ended longer ago than this are removed. */
  readonly retentionMs: number;
  /** At most this many leases are swept and this many jobs removed in one call. */
  readonly limit: number;
}

/** What upkeep did. */
export interface UpkeepResult {
  /** Jobs whose lease had expired, as they stand now: `ready` again, or `failed`. */
  readonly expired: readonly JobRecord[];
  /** How many ended jobs were removed. */
  readonly removed: number;
}

/**
 * Where jobs live. `Transaction` is what a caller's own database transaction is to it; `never` where
 * it has none.
 */
export interface Store<Transaction = never> {
  /** How often a worker with nothing to do should ask, in ms. Wake-ups make it rarer, never needed. */
  readonly pollMs: number;
  /** Adds all of them, or none and throws. An unknown dependency is a `RangeError`. */
  add(jobs: readonly JobInput[], transaction?: Transaction): Promise<readonly Added[]>;
  /** Records outcomes and claims the next jobs. */
  exchange(turn: Turn): Promise<TurnResult>;
  /** Extends leases and says which of them still hold. */
  extend(leases: readonly Lease[], leaseMs: number): Promise<readonly LeaseState[]>;
  /** Cancels a job that has not ended, and the dependents that its end cancels. */
  cancel(id: string, error: JobError): Promise<JobRecord | undefined>;
  /** One job. */
  get(id: string): Promise<JobRecord | undefined>;
  /** The attempts of a job that did not complete it, oldest first. */
  attempts(id: string): Promise<readonly Attempt[]>;
  /** Jobs, newest first. */
  find(filter: RecordFilter): Promise<readonly JobRecord[]>;
  /** How many jobs each queue has with each status. */
  counts(): Promise<readonly QueueCount[]>;
  /** How each queue stands, and what holds the store up. */
  health(): Promise<Health>;
  /** Sweeps expired leases and removes what is past its retention. */
  upkeep(upkeep: Upkeep): Promise<UpkeepResult>;
  /** Calls back when a job of a queue became ready; a hint that may be missing. Returns its end. */
  onReady?(listener: (queueName: string) => void): () => void;
  /** Lets go of what the store holds open. */
  close(): Promise<void>;
}
