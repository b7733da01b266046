/**
 * The jobs of a memory store and every move between two statuses. All of it is synchronous, and the
 * time comes from outside.
 *
 * @module
 */
import { hasEnded, type JobStatus } from "../status.ts";
import type {
  Added,
  Attempt,
  AttemptOutcome,
  Claim,
  ClaimedJob,
  JobError,
  JobInput,
  JobRecord,
  Lease,
  LeaseState,
  Settlement,
} from "../store.ts";
import { dependencyFailed, leaseExpired, unknownDependency } from "./reasons.ts";
import { MemoryCounts } from "./memory_counts.ts";
import { copyOf, type Entry, newEntry, statusByTime } from "./memory_entry.ts";
import { MemoryIndex } from "./memory_index.ts";
import { MemoryLines } from "./memory_lines.ts";

/** All jobs in memory. */
export class MemoryJobs {
  readonly index: MemoryIndex = new MemoryIndex();
  readonly counts: MemoryCounts = new MemoryCounts();
  readonly #jobs = new Map<string, Entry>();
  readonly #keys = new Map<string, Entry>();
  readonly #lines = new MemoryLines();
  readonly #dependents = new Map<string, Set<Entry>>();
  readonly #running = new Set<Entry>();
  // In the order in which they ended.
  readonly #ended = new Set<Entry>();
  readonly #onReady: (queueName: string) => void;
  #sequence = 0;

  constructor(onReady: (queueName: string) => void) {
    this.#onReady = onReady;
  }

  get(id: string): JobRecord | undefined {
    const entry = this.#jobs.get(id);
    return entry && copyOf(entry.record);
  }

  attempts(id: string): Attempt[] {
    return [...this.#jobs.get(id)?.failures ?? []];
  }

  add(inputs: readonly JobInput[], now: number): Added[] {
    const stored = new Map<string, Entry>();
    const keys = new Map<string, Entry>();
    // All is looked up before anything is changed, so that a refusal leaves nothing behind.
    for (const input of inputs) {
      const key = keyOf(input);
      const known = stored.get(input.id) ?? this.#jobs.get(input.id) ??
        (key === undefined ? undefined : this.#keys.get(key) ?? keys.get(key));
      const entry = known ?? newEntry(this.#withStoredIds(input, stored), now);
      stored.set(input.id, entry);
      if (key !== undefined) keys.set(key, entry);
    }
    return inputs.map(({ id }) => {
      const entry = stored.get(id)!;
      const deduplicated = this.#jobs.has(entry.record.id);
      if (!deduplicated) this.#insert(entry, now);
      return { job: copyOf(entry.record), deduplicated };
    });
  }

  claim({ queueName, limit, leaseMs }: Claim, leaseToken: string, now: number): ClaimedJob[] {
    this.#promote(queueName, now);
    const claimed: ClaimedJob[] = [];
    while (claimed.length < limit) {
      const entry = this.#lines.takeReady(queueName);
      if (entry === undefined) break;
      const { record } = entry;
      this.#move(entry, "running");
      record.attempts++;
      record.startedAt = now;
      entry.leaseToken = leaseToken;
      entry.leasedUntil = now + leaseMs;
      this.#running.add(entry);
      claimed.push({ ...copyOf(record), leaseToken, waitMs: now - record.runAt });
    }
    return claimed;
  }

  /** When the next job of a queue can be claimed: now, later, or `Infinity`. */
  nextAt(queueName: string, now: number): number {
    return this.#lines.nextAt(queueName, now);
  }

  extend(lease: Lease, leasedUntil: number): LeaseState {
    const entry = this.#held(lease);
    if (typeof entry === "string") return entry;
    entry.leasedUntil = leasedUntil;
    return "held";
  }

  settle(settlement: Settlement, now: number): LeaseState {
    const entry = this.#held(settlement);
    if (typeof entry === "string") return entry;
    const { record } = entry;
    const { change, runMs, traceparent } = settlement;
    if (change.to === "ready" && !change.started) return this.#unclaim(entry);
    record.startedAt = now - Math.round(runMs);
    record.attemptTraceparent = traceparent;
    switch (change.to) {
      case "completed":
        record.result = change.result;
        record.error = undefined;
        this.#end(entry, "completed", now);
        break;
      case "failed":
        this.#remember(entry, change.outcome, now, change.error, traceparent);
        this.#end(entry, "failed", now);
        break;
      case "retrying":
        this.#remember(entry, change.outcome, now, change.error, traceparent);
        record.runAt = now + change.delayMs;
        this.#wait(entry, "retrying");
        break;
      case "ready":
        this.#remember(entry, "released", now, undefined, traceparent);
        record.attempts--;
        this.#wait(entry, "ready");
        break;
    }
    return "held";
  }

  /** Takes back a claim as if it had never been made. */
  #unclaim(entry: Entry): LeaseState {
    entry.record.attempts--;
    this.#wait(entry, "ready");
    return "held";
  }

  cancel(id: string, error: JobError, now: number): JobRecord | undefined {
    const entry = this.#jobs.get(id);
    if (entry === undefined) return undefined;
    if (!hasEnded(entry.record.status)) this.#cancel(entry, error, now);
    return copyOf(entry.record);
  }

  /** Takes back the jobs whose lease has expired. */
  sweep(limit: number, now: number): JobRecord[] {
    const expired = [...this.#running].filter((entry) => entry.leasedUntil < now).slice(0, limit);
    return expired.map((entry) => {
      this.#remember(entry, "lease_expired", now, leaseExpired);
      if (entry.record.attempts >= entry.record.maxAttempts) this.#end(entry, "failed", now);
      else this.#wait(entry, "ready");
      return copyOf(entry.record);
    });
  }

  /** Removes jobs that ended before a time. */
  removeEnded(before: number, limit: number): number {
    let removed = 0;
    for (const entry of this.#ended) {
      if (removed >= limit || entry.record.finishedAt! > before) break;
      this.#ended.delete(entry);
      this.#jobs.delete(entry.record.id);
      const key = keyOf(entry.record);
      if (key !== undefined) this.#keys.delete(key);
      this.index.remove(entry);
      this.counts.change(entry.record.queueName, entry.record.status, -1);
      removed++;
    }
    return removed;
  }

  #insert(entry: Entry, now: number): void {
    const { record } = entry;
    record.sequence = ++this.#sequence;
    this.#jobs.set(record.id, entry);
    const key = keyOf(record);
    if (key !== undefined) this.#keys.set(key, entry);
    this.index.add(entry);
    this.counts.change(record.queueName, record.status, 1);
    for (const id of record.dependsOn) this.#dependOn(entry, id, now);
    if (record.status === "cancelled") return;
    if (entry.pending.size > 0) this.#move(entry, "blocked");
    else this.#wait(entry, statusByTime(record, now));
  }

  #dependOn(entry: Entry, id: string, now: number): void {
    const { status } = this.#jobs.get(id)!.record;
    if (!hasEnded(status)) {
      entry.pending.add(id);
      const dependents = this.#dependents.get(id) ?? new Set();
      this.#dependents.set(id, dependents.add(entry));
    } else if (status !== "completed" && entry.record.onDependencyFailure === "cancel") {
      if (!hasEnded(entry.record.status)) this.#cancel(entry, dependencyFailed(id, status), now);
    }
  }

  #cancel(entry: Entry, error: JobError, now: number): void {
    if (entry.record.status === "running") this.#remember(entry, "cancelled", now, error);
    entry.record.error = error;
    this.#end(entry, "cancelled", now);
  }

  /** Ends a job and frees, or cancels, those that waited for it. A chain of any length is walked flat. */
  #end(first: Entry, status: "completed" | "failed" | "cancelled", now: number): void {
    this.#finish(first, status, now);
    const ended = [first];
    for (let entry = ended.pop(); entry !== undefined; entry = ended.pop()) {
      const { id, status: endedAs } = entry.record;
      const dependents = this.#dependents.get(id) ?? [];
      this.#dependents.delete(id);
      for (const dependent of dependents) {
        dependent.pending.delete(id);
        if (dependent.record.status !== "blocked") continue;
        if (endedAs !== "completed" && dependent.record.onDependencyFailure === "cancel") {
          dependent.record.error = dependencyFailed(id, endedAs);
          this.#finish(dependent, "cancelled", now);
          ended.push(dependent);
        } else if (dependent.pending.size === 0) {
          this.#wait(dependent, statusByTime(dependent.record, now));
        }
      }
    }
  }

  #finish(entry: Entry, status: "completed" | "failed" | "cancelled", now: number): void {
    this.#move(entry, status);
    entry.record.finishedAt = now;
    this.#ended.add(entry);
  }

  #wait(entry: Entry, status: "ready" | "scheduled" | "retrying"): void {
    this.#move(entry, status);
    this.#lines.add(entry);
    // A worker must also learn of a job that is due before it would ask again.
    this.#onReady(entry.record.queueName);
  }

  #promote(queueName: string, now: number): void {
    for (;;) {
      const entry = this.#lines.takeDue(queueName, now);
      if (entry === undefined) return;
      this.#move(entry, "ready");
      this.#lines.add(entry);
    }
  }

  #move(entry: Entry, status: JobStatus): void {
    const { record } = entry;
    if (record.status === "running") {
      this.#running.delete(entry);
      entry.leaseToken = undefined;
    }
    this.counts.change(record.queueName, record.status, -1);
    this.counts.change(record.queueName, status, 1);
    record.status = status;
  }

  #remember(
    entry: Entry,
    outcome: AttemptOutcome,
    now: number,
    error?: JobError,
    traceparent?: string,
  ): void {
    const { record } = entry;
    record.error = error;
    entry.failures.push({
      attempt: record.attempts,
      outcome,
      startedAt: record.startedAt ?? now,
      finishedAt: now,
      error,
      traceparent,
    });
  }

  #held({ jobId, leaseToken }: Lease): Entry | "lost" | "cancelled" {
    const entry = this.#jobs.get(jobId);
    if (entry?.leaseToken === leaseToken) return entry;
    return entry?.record.status === "cancelled" ? "cancelled" : "lost";
  }

  /** Dependencies and parent as they are stored: under another id where this call deduplicated them. */
  #withStoredIds(input: JobInput, adding: ReadonlyMap<string, Entry>): JobInput {
    const stored = (id: string) => adding.get(id) ?? this.#jobs.get(id);
    const { dependsOn, parentId } = input;
    return {
      ...input,
      dependsOn: dependsOn.map((id) => {
        const entry = stored(id);
        if (entry === undefined) throw unknownDependency(id);
        return entry.record.id;
      }),
      parentId: parentId && (stored(parentId)?.record.id ?? parentId),
    };
  }
}

function keyOf({ queueName, idempotencyKey }: JobInput | JobRecord): string | undefined {
  return idempotencyKey === undefined ? undefined : `${queueName} ${idempotencyKey}`;
}
