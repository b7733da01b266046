/**
 * A store over a table of jobs with synchronous calls: each call of the store is one step.
 *
 * @module
 */
import type { AttemptRecords, JobInput, JobRecord } from "../../job/record.ts";
import { depthsOf, type Health } from "../health.ts";
import { type QueueSettings, type QueueSettingsChange, withoutPast } from "../queue_settings.ts";
import { changeFilterOf, checkNoTransaction, sweptApart } from "../rules.ts";
import type {
  AddedJob,
  AddOptions,
  CancelRecordOptions,
  ChangedRecord,
  ChangeFilter,
  ChangeOptions,
  ChangeResult,
  Claim,
  ClaimedJob,
  CountRecordsOptions,
  ExpiredJob,
  ExtendOptions,
  Extension,
  GetOptions,
  JobPlace,
  Lease,
  LeaseState,
  Maintenance,
  MaintenanceResult,
  MassChange,
  Notice,
  QueueCount,
  RecordFilter,
  RecordPage,
  RetryRecordOptions,
  SettleAndClaimRequest,
  SettleAndClaimResult,
  Store,
  StoreHints,
  TraceEnds,
  WorkerAnnouncement,
  WorkerRecord,
} from "../store.ts";
import { add } from "./add.ts";
import { cancel } from "./cancel.ts";
import { change } from "./change.ts";
import type { JobRow, StoredJobs } from "./job_table.ts";
import { check, extend, sweep } from "./leases.ts";
import { configure } from "./queue_settings.ts";
import { retry } from "./retry.ts";
import { settle } from "./settle.ts";
import { Step } from "./step.ts";

/** Options of `synchronousStore`. */
export interface SynchronousStoreOptions {
  /** Its name in error messages, such as `memory()`. */
  readonly name: string;
  /** Its clock, in ms since 1970. */
  readonly now: () => number;
  /** Hints for workers. */
  readonly hints: StoreHints;
}

interface ClaimAnswer {
  readonly jobs: readonly ClaimedJob[];
  readonly nextInMs: number | undefined;
}

/** Makes a store of a table of jobs. The rules of a store are in it; the table is storage only. */
export function synchronousStore<Row extends JobRow>(
  jobs: StoredJobs<Row>,
  options: SynchronousStoreOptions,
): Store {
  return new SynchronousStore(jobs, options);
}

class SynchronousStore<Row extends JobRow> implements Store {
  readonly hints: StoreHints;
  readonly traceEnds: TraceEnds | undefined;
  readonly #jobs: StoredJobs<Row>;
  readonly #name: string;
  readonly #now: () => number;
  readonly #listeners = new Set<(notice: Notice) => void>();
  // From the first listener on: a process that only enqueues need not hear.
  #hearsOthers = false;

  constructor(jobs: StoredJobs<Row>, { name, now, hints }: SynchronousStoreOptions) {
    this.#jobs = jobs;
    this.#name = name;
    this.#now = now;
    this.hints = hints;
    this.traceEnds = this.#traceEndsOf(jobs);
  }

  // deno-lint-ignore require-await
  async add(
    inputs: readonly JobInput[],
    { transaction, include }: AddOptions = {},
  ): Promise<readonly AddedJob[]> {
    checkNoTransaction(transaction, this.#name);
    return this.#write((step) => add(step, inputs, include));
  }

  async settleAndClaim(
    { settlements, claims }: SettleAndClaimRequest,
  ): Promise<SettleAndClaimResult> {
    if (settlements.length === 0 && this.#jobs.writesLock) {
      const idle = await this.#jobs.read(() => this.#idleAnswer(claims));
      if (idle !== undefined) return idle;
    }
    return this.#write((step) => {
      const settled = settlements.length === 0 ? [] : settle(step, settlements);
      const leaseToken = crypto.randomUUID();
      const answers = claims.map((claim) => this.#claim(claim, leaseToken, step.now));
      return {
        settled,
        claimed: answers.length === 1 ? answers[0]!.jobs : answers.flatMap(({ jobs }) => jobs),
        nextInMs: answers.map(({ nextInMs }) => nextInMs),
      };
    });
  }

  // deno-lint-ignore require-await
  async extend(
    extensions: readonly Extension[],
    options: ExtendOptions,
  ): Promise<readonly LeaseState[]> {
    return this.#write((step) => extend(step, extensions, options));
  }

  // deno-lint-ignore require-await
  async check(leases: readonly Lease[]): Promise<readonly LeaseState[]> {
    return this.#jobs.read(() => check(this.#jobs, leases));
  }

  // deno-lint-ignore require-await
  async cancel(id: string, options: CancelRecordOptions): Promise<ChangedRecord | undefined> {
    return this.#write((step) => cancel(step, id, options));
  }

  // deno-lint-ignore require-await
  async retry(id: string, options?: RetryRecordOptions): Promise<ChangedRecord | undefined> {
    return this.#write((step) => retry(step, id, options));
  }

  // deno-lint-ignore require-await
  async change(
    filter: ChangeFilter,
    massChange: MassChange,
    options: ChangeOptions,
  ): Promise<ChangeResult> {
    return this.#write((step) => change(step, filter, massChange, options));
  }

  // deno-lint-ignore require-await
  async countMatching(
    filter: ChangeFilter,
    type: MassChange["type"],
    most: number,
  ): Promise<number> {
    const matching = changeFilterOf(filter, type);
    return this.#jobs.read(() => this.#jobs.countMatching(matching, most + 1));
  }

  // deno-lint-ignore require-await
  async configure(change: QueueSettingsChange): Promise<QueueSettings | undefined> {
    return this.#write((step) => configure(step, change));
  }

  // deno-lint-ignore require-await
  async settings(): Promise<readonly QueueSettings[]> {
    return this.#jobs.read(() => this.#settings());
  }

  // deno-lint-ignore require-await
  async get(
    id: string,
    { attempts = false }: GetOptions = {},
  ): Promise<(JobRecord & AttemptRecords) | undefined> {
    return this.#jobs.read(() => {
      const job = this.#jobs.record(id);
      return attempts && job ? { ...job, attemptRecords: this.#jobs.attempts(id) } : job;
    });
  }

  // deno-lint-ignore require-await
  async find(filter: RecordFilter): Promise<RecordPage> {
    return this.#jobs.read(() => this.#jobs.find(filter));
  }

  // deno-lint-ignore require-await
  async counts({ endedWithinMs }: CountRecordsOptions = {}): Promise<readonly QueueCount[]> {
    return this.#jobs.read(() =>
      endedWithinMs === undefined
        ? this.#jobs.count()
        : this.#jobs.countEnded(this.#now() - endedWithinMs)
    );
  }

  // deno-lint-ignore require-await
  async place(id: string): Promise<JobPlace | undefined> {
    return this.#jobs.read(() => {
      const place = this.#jobs.place(id);
      return place && { at: this.#now(), ...place };
    });
  }

  // deno-lint-ignore require-await
  async announce(worker: WorkerAnnouncement): Promise<void> {
    return this.#write(({ now }) => this.#jobs.announce(worker, now));
  }

  // deno-lint-ignore require-await
  async workers(): Promise<readonly WorkerRecord[]> {
    return this.#jobs.read(() => this.#jobs.workers(this.#now()));
  }

  // deno-lint-ignore require-await
  async health(): Promise<Health> {
    return this.#jobs.read(() => ({
      queues: depthsOf(this.#jobs.countLive(), this.#now(), this.#settings()),
    }));
  }

  async maintain({ retentionMs, limit }: Maintenance): Promise<MaintenanceResult> {
    const isDue = await this.#jobs.read(() =>
      this.#jobs.isMaintenanceDue?.(this.#now(), retentionMs) ?? true
    );
    if (!isDue) return { expired: [], refused: [], removed: 0 };
    const { expired, refused } = await sweptApart({
      all: () => this.#sweep(limit),
      ids: () => this.#expiredIds(limit),
      one: (id) => this.#sweep(1, id),
    });
    const removed = await this.#write(({ now }) => this.#jobs.removeEnded(retentionMs, now, limit));
    return { expired, refused, removed };
  }

  onNotice(listener: (notice: Notice) => void): () => void {
    if (!this.#hearsOthers) {
      this.#hearsOthers = true;
      this.#jobs.onOthers?.((notice) => this.#tell(notice));
    }
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async close(): Promise<void> {
    await this.#jobs.close?.();
  }

  // deno-lint-ignore require-await
  async #sweep(limit: number, id?: string): Promise<readonly ExpiredJob[]> {
    return this.#write((step) => sweep(step, limit, id));
  }

  // deno-lint-ignore require-await
  async #expiredIds(limit: number): Promise<readonly string[]> {
    return this.#jobs.read(() => this.#jobs.expired(this.#now(), limit).map(({ id }) => id));
  }

  /** The answer to claims that find nothing to do. Only reads: that costs no lock. */
  #idleAnswer(claims: readonly Claim[]): SettleAndClaimResult | undefined {
    const now = this.#now();
    const nextInMs = claims.map(({ queueName }) =>
      this.#nextInMs(queueName, now, this.#pausedUntil(queueName))
    );
    return nextInMs.includes(0) ? undefined : { settled: [], claimed: [], nextInMs };
  }

  #settings(): readonly QueueSettings[] {
    return withoutPast(this.#jobs.settings(), this.#now());
  }

  /** The claimed jobs, and when to claim again. */
  #claim(claim: Claim, leaseToken: string, now: number): ClaimAnswer {
    const { queueName, limit } = claim;
    const pausedUntil = this.#pausedUntil(queueName);
    const jobs = pausedUntil > now ? [] : this.#jobs.claim(claim, leaseToken, now);
    const isFull = jobs.length >= limit;
    return { jobs, nextInMs: isFull ? 0 : this.#nextInMs(queueName, now, pausedUntil) };
  }

  #pausedUntil(queueName: string): number {
    return this.#jobs.hasSettings === false ? 0 : this.#jobs.pausedUntil(queueName);
  }

  #nextInMs(queueName: string, now: number, pausedUntil: number): number | undefined {
    const next = Math.max(this.#jobs.nextAt(queueName, now), pausedUntil);
    return next === Infinity ? undefined : Math.max(0, next - now);
  }

  #traceEndsOf({ traceEnds }: StoredJobs<Row>): TraceEnds | undefined {
    if (traceEnds === undefined) return undefined;
    return {
      claim: async (claim) => {
        const isDue = await this.#jobs.read(() => traceEnds.isDue?.(this.#now()) ?? true);
        return isDue ? await this.#write(({ now }) => traceEnds.claim(claim, now)) : [];
      },
      // deno-lint-ignore require-await
      settle: async (ends) => this.#write(() => traceEnds.settle(ends)),
      // deno-lint-ignore require-await
      hasUnfinished: async (query) => this.#jobs.read(() => traceEnds.hasUnfinished(query)),
    };
  }

  /** One step. Workers learn of what it made ready when all of it is done. */
  #write<T>(work: (step: Step<Row>) => T): T | Promise<T> {
    let step!: Step<Row>;
    const result = this.#jobs.write(() => {
      step = new Step(this.#jobs, this.#now());
      const result = work(step);
      step.finish();
      const interrupts = step.cancelledIds.length + step.notices.length > 0;
      if (interrupts || step.readyQueues.size > 0) this.#jobs.tellOthers?.(interrupts);
      return result;
    });
    if (!(result instanceof Promise)) {
      this.#notify(step);
      return result;
    }
    return result.then((result) => {
      this.#notify(step);
      return result;
    });
  }

  #notify({ readyQueues, cancelledIds, notices }: Step<Row>): void {
    if (this.#listeners.size === 0) return;
    for (const notice of notices) this.#tell(notice);
    for (const queueName of readyQueues) this.#tell({ type: "ready", queueName });
    if (cancelledIds.length > 0) this.#tell({ type: "cancelled", jobIds: cancelledIds });
  }

  #tell(notice: Notice): void {
    for (const listener of this.#listeners) listener(notice);
  }
}
