/**
 * The seam over a SQLite file: each call is one transaction, and only what changes something locks.
 *
 * @module
 */
import { jobParts } from "../../job/parts.ts";
import { hasEnded } from "../../job/status.ts";
import type { Health } from "../health.ts";
import type { AttemptRecords, JobInput, JobRecord } from "../../job/record.ts";
import type {
  Added,
  AddOptions,
  CancelRecordOptions,
  ChangedRecord,
  Claim,
  CountRecordsOptions,
  ExpiredJob,
  ExtendOptions,
  Extension,
  GetOptions,
  Lease,
  LeaseState,
  Maintenance,
  MaintenanceResult,
  Notice,
  QueueCount,
  RecordFilter,
  RecordPage,
  RetryOptions,
  SettleAndClaimRequest,
  SettleAndClaimResult,
  Store,
  TraceEnds,
} from "../store.ts";
import { depthsOf } from "../depth.ts";
import { checkNoTransaction } from "../reasons.ts";
import { sweptApart } from "../swept_apart.ts";
import { claimJobs, nextAt } from "./claim.ts";
import type { Database } from "./database.ts";
import { addJobs } from "./enqueue.ts";
import { countEnded, countJobs, countLive, findJobs, withAttempts } from "./find.ts";
import { isMaintenanceDue, removeEnded } from "./retention.ts";
import { retryJob } from "./retry.ts";
import { toRecord } from "./rows.ts";
import { expiredLeases, extendLease, heldJob, sweepLeases } from "./leases.ts";
import { cancelDescendants, cancelJob } from "./cancel.ts";
import { settleJobs } from "./settle.ts";
import { claimTraceEnds, endTraces, hasUnfinished, isEndDue, settleTraceEnds } from "./traces.ts";
import type { Effects } from "./effects.ts";

/** A store in one SQLite file. */
export class SqliteStore implements Store {
  // Enqueues of other processes are not announced, and asking an idle file costs microseconds.
  readonly hints = { pollMs: 100 };
  readonly #database: Database;
  readonly #now: () => number;
  readonly #listeners = new Set<(notice: Notice) => void>();

  constructor(database: Database, now: () => number) {
    this.#database = database;
    this.#now = () => Math.floor(now());
  }

  // deno-lint-ignore require-await
  async add(
    inputs: readonly JobInput[],
    { transaction, include }: AddOptions = {},
  ): Promise<readonly Added[]> {
    checkNoTransaction(transaction, "sqlite()");
    return this.#write((now, effects) => addJobs(this.#database, inputs, now, effects, include));
  }

  async settleAndClaim(
    { settlements, claims }: SettleAndClaimRequest,
  ): Promise<SettleAndClaimResult> {
    if (settlements.length === 0) {
      const idle = await this.#idleAnswer(claims);
      if (idle !== undefined) return idle;
    }
    return this.#write((now, effects) => {
      const settled = settleJobs(this.#database, settlements, now, effects);
      const leaseToken = crypto.randomUUID();
      const jobs = claims.map((claim) => claimJobs(this.#database, claim, leaseToken, now));
      const nextInMs = claims.map(({ queueName, limit }, i) =>
        jobs[i]!.length >= limit ? 0 : this.#nextInMs(queueName, now)
      );
      return { settled, claimed: jobs.flat(), nextInMs };
    });
  }

  extend(
    extensions: readonly Extension[],
    { leaseMs }: ExtendOptions,
  ): Promise<readonly LeaseState[]> {
    return this.#write((now) =>
      extensions.map((extension) => extendLease(this.#database, extension, now + leaseMs))
    );
  }

  check(leases: readonly Lease[]): Promise<readonly LeaseState[]> {
    return this.#database.read(() =>
      leases.map((lease) => {
        const job = heldJob(this.#database, lease);
        return typeof job === "string" ? job : "held";
      })
    );
  }

  cancel(
    id: string,
    { error, descendants = false }: CancelRecordOptions,
  ): Promise<ChangedRecord | undefined> {
    return this.#write((now, effects) => {
      const before = this.#byId(id);
      if (before === undefined) return undefined;
      const changed = !hasEnded(before.status);
      if (changed) cancelJob(this.#database, before, error, now, effects);
      const cancelledDescendants = descendants
        ? cancelDescendants(this.#database, id, { ...error, parentId: id }, now, effects)
        : undefined;
      return { job: this.#byId(id)!, changed, cancelledDescendants };
    });
  }

  retry(id: string, options: RetryOptions = {}): Promise<ChangedRecord | undefined> {
    return this.#write((now, effects) => {
      const job = this.#byId(id);
      if (job === undefined) return undefined;
      const change = retryJob(this.#database, job, options, now, effects);
      return { job: this.#byId(id)!, ...change };
    });
  }

  get(
    id: string,
    { attempts = false }: GetOptions = {},
  ): Promise<(JobRecord & AttemptRecords) | undefined> {
    return this.#database.read(() => {
      const job = this.#byId(id);
      return attempts && job ? withAttempts(this.#database, [job], jobParts)[0] : job;
    });
  }

  find(filter: RecordFilter): Promise<RecordPage> {
    return this.#database.read(() => findJobs(this.#database, filter));
  }

  counts({ endedWithinMs }: CountRecordsOptions = {}): Promise<readonly QueueCount[]> {
    return this.#database.read(() =>
      endedWithinMs === undefined
        ? countJobs(this.#database)
        : countEnded(this.#database, this.#now() - endedWithinMs)
    );
  }

  health(): Promise<Health> {
    return this.#database.read(() => ({
      queues: depthsOf(countLive(this.#database), this.#now()),
    }));
  }

  readonly traceEnds: TraceEnds = {
    claim: async (claim) => {
      const isDue = await this.#database.read(() => isEndDue(this.#database, this.#now()));
      return isDue ? await this.#write((now) => claimTraceEnds(this.#database, claim, now)) : [];
    },
    settle: (ends) => this.#write(() => settleTraceEnds(this.#database, ends)),
    hasUnfinished: ({ traceId, exceptJobId }) =>
      this.#database.read(() => hasUnfinished(this.#database, traceId, exceptJobId)),
  };

  async maintain(maintenance: Maintenance): Promise<MaintenanceResult> {
    const isDue = await this.#database.read(() =>
      isMaintenanceDue(this.#database, this.#now(), maintenance.retentionMs)
    );
    if (!isDue) return { expired: [], refused: [], removed: 0 };
    const { expired, refused } = await sweptApart({
      all: () => this.#sweep({ limit: maintenance.limit }),
      ids: () => this.#expiredIds(maintenance.limit),
      one: (id) => this.#sweep({ limit: 1, id }),
    });
    const removed = await this.#write((now) =>
      removeEnded(this.#database, now - maintenance.retentionMs, maintenance.limit)
    );
    return { expired, refused, removed };
  }

  #sweep(which: { readonly limit: number; readonly id?: string }): Promise<readonly ExpiredJob[]> {
    return this.#write((now, effects) =>
      sweepLeases(this.#database, expiredLeases(this.#database, which, now), now, effects)
    );
  }

  #expiredIds(limit: number): Promise<readonly string[]> {
    return this.#database.read(() =>
      expiredLeases(this.#database, { limit }, this.#now()).map(({ id }) => id as string)
    );
  }

  onNotice(listener: (notice: Notice) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  // deno-lint-ignore require-await
  async close(): Promise<void> {
    this.#database.close();
  }

  /** The answer to claims that find nothing to do; found without a lock. */
  #idleAnswer(claims: readonly Claim[]): Promise<SettleAndClaimResult | undefined> {
    return this.#database.read(() => {
      const now = this.#now();
      const nextInMs = claims.map(({ queueName }) => this.#nextInMs(queueName, now));
      return nextInMs.includes(0) ? undefined : { settled: [], claimed: [], nextInMs };
    });
  }

  #nextInMs(queueName: string, now: number): number | undefined {
    const next = nextAt(this.#database, queueName, now);
    return next === Infinity ? undefined : Math.max(0, next - now);
  }

  #byId(id: string): JobRecord | undefined {
    const row = this.#database.get("select * from hammerwork_jobs where id = ?", id);
    return row && toRecord(row);
  }

  /** One transaction at one time; workers learn of what it made ready once it is committed. */
  async #write<T>(work: (now: number, effects: Effects) => T): Promise<T> {
    const { result, effects } = await this.#database.write(() => {
      const now = this.#now();
      const effects: Effects = { woken: new Set(), ended: [], unblocked: 0, cancelled: [] };
      const result = work(now, effects);
      endTraces(this.#database, effects, now);
      return { result, effects };
    });
    this.#notify(effects);
    return result;
  }

  #notify({ woken, cancelled }: Effects): void {
    for (const queueName of woken) this.#tell({ type: "ready", queueName });
    if (cancelled.length > 0) this.#tell({ type: "cancelled", jobIds: cancelled });
  }

  #tell(notice: Notice): void {
    for (const listener of this.#listeners) listener(notice);
  }
}
