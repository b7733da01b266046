/**
 * The jobs of a memory store and every move between two statuses. All of it is synchronous, and the
 * time comes from outside.
 *
 * @module
 */
import { mostAttempts, mostReleases } from "../../job/job_options.ts";
import type { JobPart } from "../../job/parts.ts";
import { utf8Length } from "../../job/json.ts";
import { canBeRetried, hasEnded, type JobStatus } from "../../job/status.ts";
import type { AttemptRecord, JobError, JobInput } from "../../job/record.ts";
import type {
  Added,
  CancelRecordOptions,
  ChangedRecord,
  Claim,
  ClaimedJob,
  ExpiredJob,
  Extension,
  FailedDependency,
  Lease,
  LeaseState,
  Notice,
  RetryOptions,
  Settlement,
} from "../store.ts";
import { expiryDelay } from "../expiry_delay.ts";
import { dependencyFailed, leaseExpired, parentCancelled } from "../reasons.ts";
import { failedDependencyOf, hindranceOf, revivalOf } from "../revival.ts";
import { claimedCopyOf, copyOf, type Entry, foundCopyOf, remember, statusByTime } from "./entry.ts";
import { MemoryEnded } from "./ended.ts";
import { MemoryLeases } from "./leases.ts";
import { MemoryQueues } from "./queue.ts";
import { MemoryTable } from "./table.ts";
import { MemoryTraces } from "./traces.ts";

/** All jobs in memory. */
export class MemoryJobs {
  readonly table: MemoryTable = new MemoryTable();
  readonly traces: MemoryTraces = new MemoryTraces();
  readonly queues: MemoryQueues = new MemoryQueues();
  readonly ended: MemoryEnded = new MemoryEnded();
  readonly #leases = new MemoryLeases();
  // The jobs that ended in the present step and whose dependents have not been looked at.
  #endedNow: Entry[] = [];
  readonly #onNotice: (notice: Notice) => void;
  // Those of the present step that were running.
  #cancelled: string[] = [];

  constructor(onNotice: (notice: Notice) => void) {
    this.#onNotice = onNotice;
  }

  add(inputs: readonly JobInput[], now: number, include?: readonly JobPart[]): Added[] {
    const entries = this.table.resolve(inputs, now);
    const added = inputs.map(({ id }) => {
      const entry = entries.get(id)!;
      const deduplicated = this.table.get(entry.record.id) !== undefined;
      if (!deduplicated) this.#insert(entry, now);
      const job = include === undefined ? copyOf(entry.record) : foundCopyOf(entry, include);
      return { job, deduplicated };
    });
    this.#endStep(now);
    return added;
  }

  claim({ queueName, limit, leaseMs }: Claim, leaseToken: string, now: number): ClaimedJob[] {
    this.#promote(queueName, now);
    const queue = this.queues.named(queueName);
    const claimed: ClaimedJob[] = [];
    while (claimed.length < limit) {
      const entry = queue.takeReady();
      if (entry === undefined) break;
      const { record } = entry;
      this.#move(entry, "running");
      record.attempts++;
      record.startedAt = now;
      this.#leases.give(entry, leaseToken, now + leaseMs);
      const dependencyTraceparents = this.table.contextsOf(record.dependsOn);
      claimed.push(claimedCopyOf(entry, leaseToken, now - record.runAt, dependencyTraceparents));
    }
    return claimed;
  }

  extend(extension: Extension, leasedUntil: number): LeaseState {
    const entry = this.#held(extension);
    if (typeof entry === "string") return entry;
    entry.leasedUntil = leasedUntil;
    if (extension.attempt !== "waits") entry.hasBegun = true;
    return "held";
  }

  /** Whether a lease holds. */
  check(lease: Lease): LeaseState {
    const entry = this.#held(lease);
    return typeof entry === "string" ? entry : "held";
  }

  /** Records attempts' outcomes, each if its lease still holds. */
  settle(settlements: readonly Settlement[], now: number): LeaseState[] {
    const states = settlements.map((settlement) => this.#settle(settlement, now));
    this.#endStep(now);
    return states;
  }

  #settle(settlement: Settlement, now: number): LeaseState {
    const entry = this.#held(settlement);
    if (typeof entry === "string") return entry;
    const { record } = entry;
    const { change, runMs, traceparent } = settlement;
    if (change.status === "ready" && !change.started) return this.#unclaim(entry);
    record.startedAt = now - Math.round(runMs);
    record.attemptTraceparent = traceparent;
    this.table.noteAttempt(entry, traceparent);
    switch (change.status) {
      case "completed":
        record.result = change.result;
        entry.resultBytes = change.result === undefined ? undefined : utf8Length(change.result);
        record.error = undefined;
        this.#end(entry, "completed", now);
        break;
      case "failed":
        remember(entry, change.outcome, now, change.error, traceparent);
        this.#end(entry, "failed", now);
        break;
      case "retrying":
        remember(entry, change.outcome, now, change.error, traceparent);
        record.runAt = now + change.delayMs;
        record.releases = 0;
        this.#wait(entry, "retrying");
        break;
      case "ready":
        remember(entry, "released", now, undefined, traceparent);
        record.attempts--;
        record.releases = Math.min(record.releases + 1, mostReleases);
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

  cancel(
    id: string,
    { error, descendants = false }: CancelRecordOptions,
    now: number,
  ): ChangedRecord | undefined {
    const entry = this.table.get(id);
    if (entry === undefined) return undefined;
    const changed = !hasEnded(entry.record.status);
    if (changed) this.#cancel(entry, error, now);
    this.#endStep(now);
    const cancelledDescendants = descendants
      ? this.#cancelDescendants(entry, { ...error, parentId: id }, now)
      : undefined;
    this.#tellCancelled();
    return { job: copyOf(entry.record), changed, cancelledDescendants };
  }

  /** Cancels the parts of a job, theirs, and those of dependents that were cancelled with one of them. */
  #cancelDescendants(root: Entry, error: JobError, now: number): number {
    let count = 0;
    const family = new Set([root]);
    for (let known = 0; known < family.size;) {
      known = family.size;
      // What is added while it goes over them comes too.
      for (const one of family) {
        for (const child of this.table.childrenOf(one.record.id)) {
          family.add(child);
          if (hasEnded(child.record.status)) continue;
          this.#cancel(child, error, now);
          count++;
        }
      }
      this.#endStep(now);
      for (const one of family) {
        for (const dependent of one.cancelledFor ?? []) family.add(dependent);
      }
    }
    return count;
  }

  retry(
    id: string,
    now: number,
    { dependents = true, force = false }: RetryOptions = {},
  ): ChangedRecord | undefined {
    const entry = this.table.get(id);
    if (entry === undefined) return undefined;
    const { record } = entry;
    const mayRetry = canBeRetried(record.status) && record.attempts < mostAttempts;
    const hindrance = mayRetry && !force ? hindranceOf(record, this.#statusOf) : undefined;
    if (!mayRetry || hindrance !== undefined) {
      return { job: copyOf(record), changed: false, hindrance };
    }
    const { revived, kept } = dependents
      ? revivalOf(id, this.#cancelledFor, this.#statusOf)
      : { revived: [], kept: [] };
    // Cancelled in line, it may be there still, in the place that it had.
    this.queues.named(record.queueName).forget(entry);
    record.runAt = now;
    this.#revive(entry);
    for (const dependent of revived) {
      this.#revive(this.table.get(dependent.id)!);
      dependent.error = undefined;
    }
    for (const dependent of revived) this.#awaitDependencies(this.table.get(dependent.id)!);
    if (!this.#awaitDependencies(entry)) this.#wait(entry, "ready");
    for (const { job, cause } of kept) this.#blame(this.table.get(job.id)!, cause);
    return { job: copyOf(record), changed: true };
  }

  /** Brings an ended job back, with at least one more attempt, as one that waits for others. */
  #revive(entry: Entry): void {
    const { record } = entry;
    this.#forgetCause(entry);
    this.#move(entry, "blocked");
    record.maxAttempts = Math.max(record.maxAttempts, record.attempts + 1);
    record.finishedAt = undefined;
    this.ended.delete(entry);
    this.traces.revive(entry);
  }

  readonly #statusOf = (id: string): JobStatus | undefined => this.table.get(id)?.record.status;

  readonly #cancelledFor = (id: string): readonly Entry["record"][] =>
    [...this.table.get(id)!.cancelledFor ?? []].map(({ record }) => record);

  /** Takes back the jobs whose lease has expired. */
  sweep(limit: number, now: number): ExpiredJob[] {
    const swept = this.#leases.expired(now, limit).map((entry) => ({
      entry,
      lostAttempt: entry.hasBegun || !entry.isSuspect ? entry.record.attempts : undefined,
    }));
    for (const { entry, lostAttempt } of swept) {
      if (lostAttempt !== undefined) this.#lose(entry, "lease_expired", leaseExpired, now);
      if (!entry.hasBegun) this.#suspect(entry);
      else this.#charge(entry, now);
    }
    this.#endStep(now);
    return swept.map(({ entry, lostAttempt }) => ({
      ...copyOf(entry.record),
      lostAttempt,
      sweptAt: now,
    }));
  }

  /** An attempt was lost that perhaps never began. */
  #suspect(entry: Entry): void {
    entry.isSuspect = true;
    entry.record.attempts--;
    this.#wait(entry, "ready");
  }

  /** An attempt was lost that had begun. */
  #charge(entry: Entry, now: number): void {
    const { record } = entry;
    if (record.attempts >= record.maxAttempts) return this.#end(entry, "failed", now);
    record.releases = 0;
    record.runAt = now + expiryDelay(record);
    this.#wait(entry, "retrying");
  }

  /** Removes jobs that ended before a time. */
  removeEnded(before: number, limit: number): number {
    const removed = this.ended.takeBefore(before, limit);
    for (const entry of removed) {
      this.#forgetCause(entry);
      this.table.remove(entry);
      this.traces.remove(entry);
      this.queues.named(entry.record.queueName).counts.remove(entry.record.status);
    }
    return removed.length;
  }

  #insert(entry: Entry, now: number): void {
    const { record } = entry;
    this.table.insert(entry);
    this.traces.add(entry);
    this.queues.named(record.queueName).counts.add(record.status);
    const { parentId } = record;
    const failed = failedDependencyOf(record, this.#statusOf);
    if (parentId !== undefined && this.#statusOf(parentId) === "cancelled") {
      this.#cancel(entry, parentCancelled(parentId), now);
    } else if (failed !== undefined) this.#cancelFor(entry, failed, now);
    else if (this.#awaitDependencies(entry)) this.#move(entry, "blocked");
    else this.#wait(entry, statusByTime(record, now));
  }

  /** Makes a job wait for those of its dependencies that have not ended. Returns whether it does. */
  #awaitDependencies(entry: Entry): boolean {
    entry.pending = 0;
    for (const id of entry.record.dependsOn) {
      const dependency = this.table.get(id);
      if (dependency === undefined || hasEnded(dependency.record.status)) continue;
      (dependency.dependents ??= new Set()).add(entry);
      entry.pending++;
    }
    return entry.pending > 0;
  }

  #cancelFor(entry: Entry, cause: FailedDependency, now: number): void {
    this.#blame(entry, cause);
    this.#end(entry, "cancelled", now);
  }

  /** Keeps because of which dependency a job is cancelled. */
  #blame(entry: Entry, cause: FailedDependency): void {
    this.#forgetCause(entry);
    entry.record.error = dependencyFailed(cause);
    (this.table.get(cause.dependencyId)!.cancelledFor ??= new Set()).add(entry);
  }

  #forgetCause(entry: Entry): void {
    const cause = entry.record.error?.dependencyId;
    if (cause !== undefined) this.table.get(cause)?.cancelledFor?.delete(entry);
  }

  #cancel(entry: Entry, error: JobError, now: number): void {
    if (entry.record.status === "running") {
      this.#lose(entry, "cancelled", error, now);
      this.#cancelled.push(entry.record.id);
    }
    entry.record.error = { ...error };
    this.#end(entry, "cancelled", now);
  }

  /** A handler that hears of it may call the store: not before the step is whole. */
  #tellCancelled(): void {
    const jobIds = this.#cancelled;
    if (jobIds.length === 0) return;
    this.#cancelled = [];
    this.#onNotice({ type: "cancelled", jobIds });
  }

  /** An attempt that nobody settles: its span is not known, and an older one's would mislead. */
  #lose(entry: Entry, outcome: AttemptRecord["outcome"], error: JobError, now: number): void {
    remember(entry, outcome, now, error);
    entry.record.attemptTraceparent = undefined;
  }

  #end(entry: Entry, status: "completed" | "failed" | "cancelled", now: number): void {
    this.#move(entry, status);
    entry.record.finishedAt = now;
    entry.record.releases = 0;
    this.ended.add(entry);
    this.traces.finish(entry);
    this.#endedNow.push(entry);
  }

  /** Frees, or cancels, those that waited for what has ended, level by level; then ends the traces. */
  #endStep(now: number): void {
    while (this.#endedNow.length > 0) {
      const ended = this.#endedNow;
      this.#endedNow = [];
      const failed = new Set(ended.filter(({ record }) => record.status !== "completed"));
      for (const dependent of takeDependents(ended)) this.#unblock(dependent, failed, now);
    }
    this.traces.endStep();
  }

  /** Of a blocked job some dependencies have just ended; of these, some may have failed. */
  #unblock(entry: Entry, failed: ReadonlySet<Entry>, now: number): void {
    const { record } = entry;
    if (record.status !== "blocked") return;
    const cause = failed.size > 0 && record.onDependencyFailure === "cancel"
      ? record.dependsOn.find((id) => failed.has(this.table.get(id)!))
      : undefined;
    if (cause !== undefined) {
      const status = this.#statusOf(cause) as FailedDependency["status"];
      this.#cancelFor(entry, { dependencyId: cause, status }, now);
    } else if (entry.pending === 0) {
      record.runAt = Math.max(record.runAt, now);
      this.#wait(entry, statusByTime(record, now));
    }
  }

  #wait(entry: Entry, status: "ready" | "scheduled" | "retrying"): void {
    this.#move(entry, status);
    this.queues.named(entry.record.queueName).add(entry);
    // A worker must also learn of a job that is due before it would ask again.
    this.#onNotice({ type: "ready", queueName: entry.record.queueName });
  }

  #promote(queueName: string, now: number): void {
    const queue = this.queues.named(queueName);
    for (let entry = queue.takeDue(now); entry !== undefined; entry = queue.takeDue(now)) {
      this.#move(entry, "ready");
      queue.add(entry);
    }
  }

  #move(entry: Entry, status: JobStatus): void {
    const { record } = entry;
    if (record.status === "running") this.#leases.end(entry);
    const { counts } = this.queues.named(record.queueName);
    counts.remove(record.status);
    counts.add(status);
    record.status = status;
  }

  #held(lease: Lease): Entry | "lost" | "cancelled" {
    const entry = this.#leases.held(lease);
    if (entry !== undefined) return entry;
    return this.table.get(lease.jobId)?.record.status === "cancelled" ? "cancelled" : "lost";
  }
}

/** Those that waited for jobs that have ended, each once. */
function takeDependents(ended: readonly Entry[]): ReadonlySet<Entry> {
  const dependents = new Set<Entry>();
  for (const entry of ended) {
    for (const dependent of entry.dependents ?? []) {
      dependent.pending--;
      dependents.add(dependent);
    }
    entry.dependents = undefined;
  }
  return dependents;
}
