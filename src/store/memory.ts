/**
 * Jobs in memory: for tests, for one isolate, for work that may be lost with the process.
 *
 * @module
 */
import { checkOptionNames } from "../job/option_names.ts";
import type { Health } from "./health.ts";
import type { AttemptRecords, JobInput, JobRecord } from "../job/record.ts";
import type {
  Added,
  AddOptions,
  CancelRecordOptions,
  ChangedRecord,
  CountRecordsOptions,
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
} from "./store.ts";
import { depthsOf } from "./depth.ts";
import { copyOf } from "./memory/entry.ts";
import { MemoryJobs } from "./memory/jobs.ts";
import { checkNoTransaction } from "./reasons.ts";

/** How a memory store is set up. */
export interface MemoryOptions {
  /** The store's clock, in ms since 1970. Default `Date.now`. */
  readonly now?: (() => number) | undefined;
}

/**
 * Makes a store in memory. It runs everywhere and its jobs end with the process.
 *
 * ```ts
 * import { JobQueue, memory } from "hammerwork";
 * import assert from "node:assert/strict";
 *
 * const queue = new JobQueue({ store: memory() });
 * await queue.enqueue("email_queue", { to: "a@example.com" });
 * const { queues } = await queue.stats();
 * assert.equal(queues[0]?.jobs.ready, 1);
 * ```
 */
export function memory(options: MemoryOptions = {}): Store {
  checkOptionNames("A memory store", options, { now: true });
  const { now = Date.now } = options;
  return new MemoryStore(now);
}

/** The seam over jobs in memory: every call is one step that nothing else can come between. */
class MemoryStore implements Store {
  // Enqueues wake the workers of this process, so asking is only for what nobody announces.
  readonly hints = { pollMs: 1_000, hearsOthers: true };
  readonly #jobs = new MemoryJobs((notice) => this.#notify(notice));
  readonly #listeners = new Set<(notice: Notice) => void>();
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  // deno-lint-ignore require-await
  async add(
    inputs: readonly JobInput[],
    { transaction, include }: AddOptions = {},
  ): Promise<readonly Added[]> {
    checkNoTransaction(transaction, "memory()");
    return this.#jobs.add(inputs, this.#now(), include);
  }

  // deno-lint-ignore require-await
  async settleAndClaim(
    { settlements, claims }: SettleAndClaimRequest,
  ): Promise<SettleAndClaimResult> {
    const now = this.#now();
    const settled = this.#jobs.settle(settlements, now);
    const leaseToken = crypto.randomUUID();
    const jobs = claims.map((claim) => this.#jobs.claim(claim, leaseToken, now));
    const nextInMs = claims.map(({ queueName, limit }, i) => {
      if (jobs[i]!.length >= limit) return 0;
      const nextAt = this.#jobs.queues.named(queueName).nextAt(now);
      return nextAt === Infinity ? undefined : Math.max(0, nextAt - now);
    });
    return { settled, claimed: jobs.flat(), nextInMs };
  }

  // deno-lint-ignore require-await
  async extend(
    extensions: readonly Extension[],
    { leaseMs }: ExtendOptions,
  ): Promise<readonly LeaseState[]> {
    const until = this.#now() + leaseMs;
    return extensions.map((extension) => this.#jobs.extend(extension, until));
  }

  // deno-lint-ignore require-await
  async check(leases: readonly Lease[]): Promise<readonly LeaseState[]> {
    return leases.map((lease) => this.#jobs.check(lease));
  }

  // deno-lint-ignore require-await
  async cancel(
    id: string,
    options: CancelRecordOptions,
  ): Promise<ChangedRecord | undefined> {
    return this.#jobs.cancel(id, options, this.#now());
  }

  // deno-lint-ignore require-await
  async retry(id: string, options?: RetryOptions): Promise<ChangedRecord | undefined> {
    return this.#jobs.retry(id, this.#now(), options);
  }

  // deno-lint-ignore require-await
  async get(
    id: string,
    { attempts = false }: GetOptions = {},
  ): Promise<(JobRecord & AttemptRecords) | undefined> {
    const entry = this.#jobs.table.get(id);
    if (entry === undefined) return undefined;
    return { ...copyOf(entry.record), ...attempts && { attemptRecords: [...entry.failures] } };
  }

  // deno-lint-ignore require-await
  async find(filter: RecordFilter): Promise<RecordPage> {
    return this.#jobs.table.find(filter);
  }

  // deno-lint-ignore require-await
  async counts({ endedWithinMs }: CountRecordsOptions = {}): Promise<readonly QueueCount[]> {
    return endedWithinMs === undefined
      ? this.#jobs.queues.counts()
      : this.#jobs.ended.countAfter(this.#now() - endedWithinMs);
  }

  // deno-lint-ignore require-await
  async health(): Promise<Health> {
    const counts = this.#jobs.queues.counts().map((one) => ({
      ...one,
      oldestRunAt: this.#jobs.queues.named(one.queueName).oldestRunAt(),
    }));
    return { queues: depthsOf(counts, this.#now()) };
  }

  readonly traceEnds: TraceEnds = {
    // deno-lint-ignore require-await
    claim: async (claim) => this.#jobs.traces.claim(claim, this.#now()),
    // deno-lint-ignore require-await
    settle: async (ends) => {
      for (const { jobId, epoch } of ends) {
        const entry = this.#jobs.table.get(jobId);
        if (entry !== undefined) this.#jobs.traces.settle(entry, epoch);
      }
    },
    // deno-lint-ignore require-await
    hasUnfinished: async ({ traceId, exceptJobId }) =>
      this.#jobs.traces.hasUnfinished(traceId, this.#jobs.table.get(exceptJobId)),
  };

  // deno-lint-ignore require-await
  async maintain({ retentionMs, limit }: Maintenance): Promise<MaintenanceResult> {
    const now = this.#now();
    return {
      expired: this.#jobs.sweep(limit, now),
      refused: [],
      removed: this.#jobs.removeEnded(now - retentionMs, limit),
    };
  }

  onNotice(listener: (notice: Notice) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async close(): Promise<void> {}

  #notify(notice: Notice): void {
    for (const listener of this.#listeners) listener(notice);
  }
}
