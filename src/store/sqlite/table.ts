/**
 * The table of jobs in a SQLite file: each call is a statement or two, inside a transaction.
 *
 * @module
 */
import type { AttemptRecord, JobInput, JobPart, JobRecord } from "../../job/record.ts";
import { hasEnded, type JobStatus } from "../../job/status.ts";
import type { LiveCount } from "../health.ts";
import type { QueueSettings } from "../queue_settings.ts";
import type {
  ChangeFilter,
  Claim,
  ClaimedJob,
  JobPlace,
  Maintenance,
  Notice,
  QueueCount,
  RecordFilter,
  RecordPage,
  Settlement,
  WorkerAnnouncement,
  WorkerRecord,
} from "../store.ts";
import type {
  Dependent,
  JobChanges,
  JobRow,
  KnownJob,
  StoredJobs,
} from "../transitions/job_table.ts";
import { insertJob, knownJobs, statusesOf } from "./add.ts";
import { claimJobs, nextAt } from "./claim.ts";
import type { Database } from "./database.ts";
import {
  cancelledFor,
  childrenOf,
  deleteLiveDependent,
  insertLiveDependent,
  insertWaits,
  neededBy,
  takeDependents,
} from "./dependents.ts";
import { attemptsOf, countMatching, findJobs, matchingJobs } from "./find.ts";
import { countEnded, countJobs, countLive, placeOf } from "./health.ts";
import { expiredLeases, isMaintenanceDue, removeEnded, removeJob } from "./maintenance.ts";
import { pausedUntil, putSettings, readSettings } from "./queue_settings.ts";
import { rowColumns, toJobRow, toRecord, workerName } from "./rows.ts";
import {
  completePlainly,
  extendLease,
  insertAttempt,
  insertAttemptTrace,
  updateJob,
} from "./settle.ts";
import { SqliteTraceEnds } from "./trace_ends.ts";
import { WakeUp } from "./wake_up.ts";
import { announceWorker, readWorkers } from "./workers.ts";

/** The jobs of one file. */
export class SqliteTable implements StoredJobs {
  readonly writesLock = true;
  readonly traceEnds: SqliteTraceEnds;
  readonly #database: Database;
  readonly #wakeUp: WakeUp;

  constructor(database: Database) {
    this.#database = database;
    this.#wakeUp = new WakeUp(database);
    this.traceEnds = new SqliteTraceEnds(database);
  }

  write<T>(work: () => T): Promise<T> {
    return this.#database.write(work);
  }

  read<T>(work: () => T): Promise<T> {
    return this.#database.read(work);
  }

  row(id: string): JobRow | undefined {
    const row = this.#database.get(`select ${rowColumns} from hammerwork_jobs where id = ?`, id);
    return row && toJobRow(row);
  }

  record(id: string): JobRecord | undefined {
    const name = workerName("worker");
    const row = this.#database.get(`select *, ${name} from hammerwork_jobs where id = ?`, id);
    return row && toRecord(row);
  }

  statuses(ids: readonly string[]): ReadonlyMap<string, JobStatus> {
    return statusesOf(this.#database, ids);
  }

  known(
    inputs: readonly JobInput[],
    include: readonly JobPart[] | undefined,
  ): readonly (KnownJob | undefined)[] {
    return knownJobs(this.#database, inputs, include);
  }

  children(id: string): readonly JobRow[] {
    return childrenOf(this.#database, id);
  }

  cancelledFor(id: string): readonly JobRow[] {
    return cancelledFor(this.#database, id);
  }

  expired(now: number, limit: number, id?: string): readonly JobRow[] {
    return expiredLeases(this.#database, now, limit, id);
  }

  matching(filter: ChangeFilter, limit: number): readonly JobRow[] {
    return matchingJobs(this.#database, filter, limit);
  }

  countMatching(filter: ChangeFilter, most: number): number {
    return countMatching(this.#database, filter, most);
  }

  needed(ended: readonly JobRow[]): ReadonlySet<string> {
    return neededBy(this.#database, ended);
  }

  insert(job: Omit<JobRecord, "sequence">): number {
    const { id, dependsOn, status } = job;
    if (dependsOn.length > 0 && !hasEnded(status)) {
      insertLiveDependent(this.#database, id, dependsOn);
    }
    return insertJob(this.#database, job);
  }

  update({ id, status, dependsOn }: JobRow, changes: JobChanges): void {
    updateJob(this.#database, id, changes);
    const { status: next = status } = changes;
    if (dependsOn.length === 0 || hasEnded(status) === hasEnded(next)) return;
    if (hasEnded(next)) deleteLiveDependent(this.#database, id);
    else insertLiveDependent(this.#database, id, dependsOn);
  }

  waitFor(id: string, dependencyIds: readonly string[]): void {
    insertWaits(this.#database, id, dependencyIds);
  }

  takeDependents(ended: readonly JobRow[], onlyFree: boolean): readonly Dependent<JobRow>[] {
    return takeDependents(this.#database, ended, onlyFree);
  }

  remove({ id }: JobRow): void {
    removeJob(this.#database, id);
  }

  addAttempt(_row: JobRow, attempt: AttemptRecord): void {
    insertAttempt(this.#database, attempt);
  }

  addAttemptTrace({ id }: JobRow, traceId: string): void {
    insertAttemptTrace(this.#database, id, traceId);
  }

  extendLease({ id }: JobRow, leasedUntil: number, hasBegun: boolean): void {
    extendLease(this.#database, id, leasedUntil, hasBegun);
  }

  claim(claim: Claim, leaseToken: string, now: number): readonly ClaimedJob[] {
    return claimJobs(this.#database, claim, leaseToken, now);
  }

  nextAt(queueName: string, now: number): number {
    return nextAt(this.#database, queueName, now);
  }

  settings(): readonly QueueSettings[] {
    return readSettings(this.#database);
  }

  putSettings(settings: QueueSettings): void {
    putSettings(this.#database, settings);
  }

  pausedUntil(queueName: string): number {
    return pausedUntil(this.#database, queueName);
  }

  completePlainly(settlement: Settlement, now: number): boolean {
    return completePlainly(this.#database, settlement, now);
  }

  find(filter: RecordFilter): RecordPage {
    return findJobs(this.#database, filter);
  }

  attempts(id: string): readonly AttemptRecord[] {
    return attemptsOf(this.#database, [id], true).get(id)!;
  }

  place(id: string): Omit<JobPlace, "at"> | undefined {
    return placeOf(this.#database, id);
  }

  announce(worker: WorkerAnnouncement, now: number): void {
    announceWorker(this.#database, worker, now);
  }

  workers(now: number): readonly WorkerRecord[] {
    return readWorkers(this.#database, now);
  }

  count(): readonly QueueCount[] {
    return countJobs(this.#database);
  }

  countEnded(after: number): readonly QueueCount[] {
    return countEnded(this.#database, after);
  }

  countLive(): readonly LiveCount[] {
    return countLive(this.#database);
  }

  removeEnded(retentionMs: Maintenance["retentionMs"], now: number, limit: number): number {
    return removeEnded(this.#database, retentionMs, now, limit);
  }

  isMaintenanceDue(now: number, retentionMs: Maintenance["retentionMs"]): boolean {
    return isMaintenanceDue(this.#database, now, retentionMs);
  }

  tellOthers(interrupts: boolean): void {
    this.#wakeUp.tellOthers(interrupts);
  }

  onOthers(listener: (notice: Notice) => void): void {
    this.#wakeUp.listen(listener);
  }

  close(): Promise<void> {
    this.#wakeUp.close();
    return this.#database.close();
  }
}
