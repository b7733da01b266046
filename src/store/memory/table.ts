/**
 * The table of jobs in memory: by id, by idempotency key, and in every order that a call needs.
 *
 * @module
 */
import { utf8Length } from "../../job/json.ts";
import {
  type AttemptRecord,
  type JobInput,
  type JobPart,
  type JobRecord,
  recordWith,
} from "../../job/record.ts";
import { hasEnded, type JobStatus } from "../../job/status.ts";
import { copyOf, copyOfAttempt, findAmong, isToChange } from "../find.ts";
import type { LiveCount } from "../health.ts";
import type { QueueSettings } from "../queue_settings.ts";
import { mostNames } from "../rules.ts";
import {
  type ChangeFilter,
  type Claim,
  type ClaimedJob,
  type JobPlace,
  type Maintenance,
  mostLinks,
  mostWorkers,
  type QueueCount,
  type RecordFilter,
  type RecordPage,
  type WorkerAnnouncement,
  type WorkerRecord,
} from "../store.ts";
import type { Dependent, JobChanges, KnownJob, StoredJobs } from "../transitions/job_table.ts";
import { MemoryQueue } from "./claim.ts";
import { MemoryIndex, newestFirst } from "./find.ts";
import { MemoryEnded } from "./maintenance.ts";
import { MemoryRow } from "./rows.ts";
import { MemoryTraces } from "./trace_ends.ts";

/** All jobs in memory. A call of it is a step: nothing can come between. */
export class MemoryTable implements StoredJobs<MemoryRow> {
  readonly #byId = new Map<string, MemoryRow>();
  readonly #byKey = new Map<string, MemoryRow>();
  // Looking among the few that run is quicker than among all.
  readonly #running = new Map<string, MemoryRow>();
  readonly #index = new MemoryIndex();
  readonly #queues = new Map<string, MemoryQueue>();
  readonly traceEnds: MemoryTraces = new MemoryTraces((id) => this.#byId.get(id));
  readonly #ended = new MemoryEnded();
  readonly #settings = new Map<string | undefined, QueueSettings>();
  hasSettings = false;
  // The one that announced itself last is the last one.
  readonly #workers = new Map<string, Omit<WorkerRecord, "silentMs">>();
  #sequence = 0;

  write<T>(work: () => T): T {
    return work();
  }

  read<T>(work: () => T): T {
    return work();
  }

  row(id: string): MemoryRow | undefined {
    return this.#running.get(id) ?? this.#byId.get(id);
  }

  record(id: string): JobRecord | undefined {
    const row = this.#byId.get(id);
    return row && copyOf(row.record);
  }

  statuses(ids: readonly string[]): ReadonlyMap<string, JobStatus> {
    const statuses = new Map<string, JobStatus>();
    for (const id of ids) {
      const row = this.#byId.get(id);
      if (row !== undefined) statuses.set(id, row.status);
    }
    return statuses;
  }

  known(
    inputs: readonly JobInput[],
    include: readonly JobPart[] | undefined,
  ): readonly (KnownJob | undefined)[] {
    return inputs.map((input) => {
      const key = keyOf(input);
      const row = this.#byId.get(input.id) ?? (key === undefined ? key : this.#byKey.get(key));
      return row && {
        job: recordWith(copyOf(row.record), include, row),
        hasSamePayload: row.record.payload === input.payload,
      };
    });
  }

  children(id: string): Iterable<MemoryRow> {
    return this.#index.childrenOf(id);
  }

  cancelledFor(id: string): readonly MemoryRow[] {
    return [...this.#byId.get(id)?.cancelledFor ?? []];
  }

  expired(now: number, limit: number, id?: string): readonly MemoryRow[] {
    return [...this.#running.values()]
      .filter((row) => row.leasedUntil < now && (id === undefined || row.id === id))
      .slice(0, limit);
  }

  matching(filter: ChangeFilter, limit: number): readonly MemoryRow[] {
    const rows = filter.ids ? this.#withIds(filter.ids).reverse() : this.#index.oldestFirst(filter);
    const found: MemoryRow[] = [];
    for (const row of rows) {
      if (found.length === limit) break;
      if (isToChange(row.record, filter)) found.push(row);
    }
    return found;
  }

  countMatching(filter: ChangeFilter, most: number): number {
    return this.matching(filter, most).length;
  }

  needed(ended: readonly MemoryRow[]): ReadonlySet<string> {
    return new Set(ended.filter(({ liveDependents }) => liveDependents?.size).map(({ id }) => id));
  }

  insert(job: Omit<JobRecord, "sequence">): number {
    const record = copyOf({ ...job, sequence: ++this.#sequence });
    const row = new MemoryRow(record, this.traceEnds.named(record.traceId));
    this.#byId.set(record.id, row);
    const key = keyOf(record);
    if (key !== undefined) this.#byKey.set(key, row);
    this.#index.add(row);
    row.trace.jobs++;
    row.trace.hasEnded = false;
    const queue = this.#queue(record.queueName);
    queue.counts.add(record.status);
    if (record.status === "cancelled") {
      this.#addCancelledFor(row);
      this.#ended.add(row);
      return record.sequence;
    }
    this.traceEnds.open(row);
    this.#addLiveDependent(row);
    if (record.status !== "blocked") queue.add(row);
    return record.sequence;
  }

  update(row: MemoryRow, changes: JobChanges): void {
    const { record } = row;
    const { status = record.status } = changes;
    // What a job is found by goes with its old fields and comes with its new ones.
    if (record.status === "cancelled") this.#removeCancelledFor(row);
    const isMoved = row.isQueued && (changes.runAt ?? changes.priority) !== undefined;
    if (isMoved) this.#queue(record.queueName).forget(row);
    if (status !== record.status) this.#leave(row, status);
    if (changes.attempts !== undefined) record.attempts = changes.attempts;
    if (changes.releases !== undefined) record.releases = changes.releases;
    if (changes.snoozes !== undefined) record.snoozes = changes.snoozes;
    if (changes.maxAttempts !== undefined) record.maxAttempts = changes.maxAttempts;
    if (changes.priority !== undefined) record.priority = changes.priority;
    if (changes.runAt !== undefined) record.runAt = changes.runAt;
    if (changes.startedAt !== undefined) record.startedAt = changes.startedAt;
    if (changes.finishedAt !== undefined) record.finishedAt = changes.finishedAt ?? undefined;
    if (changes.error !== undefined) {
      record.error = changes.error === null ? undefined : { ...changes.error };
    }
    if (changes.result !== undefined) {
      record.result = changes.result ?? undefined;
      row.resultBytes = changes.result === null ? undefined : utf8Length(changes.result);
    }
    if (changes.attemptTraceparent !== undefined) {
      record.attemptTraceparent = changes.attemptTraceparent ?? undefined;
    }
    if (changes.isSuspect !== undefined) row.isSuspect = changes.isSuspect;
    if (changes.operation !== undefined) record.operation = changes.operation;
    if (status !== record.status) this.#enter(row, status);
    else if (isMoved) this.#queue(record.queueName).add(row);
    if (status === "cancelled") this.#addCancelledFor(row);
  }

  #queue(queueName: string): MemoryQueue {
    const known = this.#queues.get(queueName);
    if (known !== undefined) return known;
    const queue = new MemoryQueue();
    this.#queues.set(queueName, queue);
    return queue;
  }

  /** Before a job gets another status. */
  #leave(row: MemoryRow, next: JobStatus): void {
    const { id, status, queueName } = row.record;
    if (status === "running") {
      row.leaseToken = undefined;
      this.#running.delete(id);
    } else if (hasEnded(status) && !hasEnded(next)) {
      this.#ended.delete(row);
      this.traceEnds.open(row);
      this.#addLiveDependent(row);
      // Cancelled in line, it may be there still, in the place that it had.
      this.#queue(queueName).forget(row);
    }
  }

  /** A job gets another status. */
  #enter(row: MemoryRow, status: JobStatus): void {
    const queue = this.#queue(row.record.queueName);
    queue.counts.move(row.record.status, status);
    row.record.status = status;
    if (hasEnded(status)) {
      this.#ended.add(row);
      row.trace.unfinished--;
      this.#removeLiveDependent(row);
      return;
    }
    row.record.workerName = undefined;
    if (status !== "blocked") queue.add(row);
  }

  #addLiveDependent(row: MemoryRow): void {
    for (const id of row.record.dependsOn) {
      const dependency = this.#byId.get(id);
      if (dependency !== undefined) (dependency.liveDependents ??= new Set()).add(row);
    }
  }

  #removeLiveDependent(row: MemoryRow): void {
    for (const id of row.record.dependsOn) this.#byId.get(id)?.liveDependents?.delete(row);
  }

  #addCancelledFor(row: MemoryRow): void {
    const cause = row.record.error?.dependencyId;
    if (cause === undefined) return;
    const dependency = this.#byId.get(cause);
    if (dependency !== undefined) (dependency.cancelledFor ??= new Set()).add(row);
  }

  #removeCancelledFor(row: MemoryRow): void {
    const cause = row.record.error?.dependencyId;
    if (cause !== undefined) this.#byId.get(cause)?.cancelledFor?.delete(row);
  }

  waitFor(id: string, dependencyIds: readonly string[]): void {
    const row = this.#byId.get(id)!;
    row.pending = dependencyIds.length;
    for (const dependencyId of dependencyIds) {
      (this.#byId.get(dependencyId)!.dependents ??= new Set()).add(row);
    }
  }

  takeDependents(ended: readonly MemoryRow[]): readonly Dependent<MemoryRow>[] {
    const dependents = new Set<MemoryRow>();
    for (const row of ended) {
      if (row.dependents === undefined) continue;
      for (const dependent of row.dependents) {
        dependent.pending--;
        dependents.add(dependent);
      }
      row.dependents = undefined;
    }
    // One that was cancelled meanwhile waits no more, though it is remembered here.
    return [...dependents].filter(({ status }) => status === "blocked")
      .map((row) => ({ row, waits: row.pending > 0 }));
  }

  addAttempt(row: MemoryRow, attempt: AttemptRecord): void {
    const { workerName } = row.record;
    (row.history ??= []).push({ ...copyOfAttempt(attempt), workerName });
  }

  addAttemptTrace(row: MemoryRow, traceId: string): void {
    if (row.ranIn?.has(traceId)) return;
    (row.ranIn ??= new Set()).add(traceId);
    this.#index.addTrace(row, traceId);
  }

  extendLease(row: MemoryRow, leasedUntil: number, hasBegun: boolean): void {
    row.leasedUntil = leasedUntil;
    row.hasBegun = hasBegun;
  }

  claim(claim: Claim, leaseToken: string, now: number): ClaimedJob[] {
    const { queueName, limit } = claim;
    const queue = this.#queue(queueName);
    for (let row = queue.takeDue(now); row !== undefined; row = queue.takeDue(now)) {
      this.#enter(row, "ready");
    }
    const claimed: ClaimedJob[] = [];
    while (claimed.length < limit) {
      const row = queue.takeReady();
      if (row === undefined) break;
      claimed.push(this.#claimOne(row, claim, leaseToken, now));
    }
    return claimed;
  }

  #claimOne(
    row: MemoryRow,
    { leaseMs, workerName }: Claim,
    leaseToken: string,
    now: number,
  ): ClaimedJob {
    const { record } = row;
    this.#queue(record.queueName).counts.move("ready", "running");
    record.status = "running";
    record.attempts++;
    record.startedAt = now;
    record.workerName = workerName;
    row.leaseToken = leaseToken;
    row.leasedUntil = now + leaseMs;
    row.hasBegun = false;
    this.#running.set(record.id, row);
    const { dependsOn, error } = record;
    // One copy: a copy of a copy would be twice as dear.
    return {
      ...record,
      dependsOn: [...dependsOn],
      error: error && { ...error },
      leaseToken,
      waitMs: now - record.runAt,
      isSuspect: row.isSuspect,
      dependencyTraceparents: this.#traceparentsOf(dependsOn),
    };
  }

  #traceparentsOf(dependsOn: readonly string[]): readonly string[] {
    if (dependsOn.length === 0) return [];
    return dependsOn.slice(0, mostLinks).flatMap((id) => {
      const dependency = this.#byId.get(id)?.record;
      return dependency?.attemptTraceparent ?? dependency?.traceparent ?? [];
    });
  }

  nextAt(queueName: string, now: number): number {
    return this.#queue(queueName).nextAt(now);
  }

  settings(): Iterable<QueueSettings> {
    return this.#settings.values();
  }

  putSettings(settings: QueueSettings): void {
    this.#settings.set(settings.queueName, settings);
    this.hasSettings = true;
  }

  pausedUntil(queueName: string): number {
    const untilOf = (name?: string) => this.#settings.get(name)?.pause?.until ?? 0;
    return Math.max(untilOf(), untilOf(queueName));
  }

  find(filter: RecordFilter): RecordPage {
    const { ids } = filter;
    if (ids === undefined) return findAmong(this.#index.candidates(filter), filter);
    // Found by their ids, they need not be compared with each of them.
    return findAmong(this.#withIds(ids), { ...filter, ids: undefined });
  }

  #withIds(ids: readonly string[]): MemoryRow[] {
    return [...new Set(ids)].flatMap((id) => this.#byId.get(id) ?? []).sort(newestFirst);
  }

  attempts(id: string): readonly AttemptRecord[] {
    return (this.#byId.get(id)?.history ?? []).map(copyOfAttempt);
  }

  place(id: string): Omit<JobPlace, "at"> | undefined {
    const row = this.#byId.get(id);
    if (row === undefined) return undefined;
    const queue = this.#queue(row.queueName);
    return { ahead: queue.countBefore(row), running: queue.counts.get("running") };
  }

  announce({ keepMs, queueNames, ...worker }: WorkerAnnouncement, now: number): void {
    this.#workers.delete(worker.name);
    this.#workers.set(worker.name, { ...worker, queueNames: [...queueNames], seenAt: now });
    for (const [name, { seenAt }] of this.#workers) {
      if (seenAt >= now - keepMs && this.#workers.size <= mostNames) break;
      this.#workers.delete(name);
    }
  }

  workers(now: number): readonly WorkerRecord[] {
    return [...this.#workers.values()].reverse().slice(0, mostWorkers)
      .map((worker) => ({ ...worker, silentMs: now - worker.seenAt }));
  }

  count(): readonly QueueCount[] {
    return [...this.#queues].flatMap(([queueName, { counts }]) => counts.of(queueName));
  }

  countEnded(after: number): readonly QueueCount[] {
    return this.#ended.countAfter(after);
  }

  countLive(): readonly LiveCount[] {
    return this.count().map((one) => ({
      ...one,
      oldestRunAt: this.#queue(one.queueName).oldestRunAt(),
    }));
  }

  removeEnded(retentionMs: Maintenance["retentionMs"], now: number, limit: number): number {
    const removed = this.#ended.over(retentionMs, now, limit);
    for (const row of removed) this.remove(row);
    return removed.length;
  }

  remove(row: MemoryRow): void {
    this.#ended.delete(row);
    this.#removeCancelledFor(row);
    this.#byId.delete(row.id);
    const key = keyOf(row.record);
    if (key !== undefined) this.#byKey.delete(key);
    this.#index.remove(row);
    this.traceEnds.remove(row);
    this.#queue(row.queueName).counts.remove(row.status);
  }
}

/** Under what a job's idempotency key is known, if it has one: keys belong to their queue. */
function keyOf({ queueName, idempotencyKey }: JobInput | JobRecord): string | undefined {
  return idempotencyKey === undefined ? undefined : `${queueName} ${idempotencyKey}`;
}
