/**
 * A store of one's own, over a `Map`: it looks through all jobs for each answer, so it is short and
 * slow. What happens to a job is the code that the stores of hammerwork share, `synchronousStore`; here
 * is only where jobs are kept and how they are looked up. `tests/runtimes/toy_store.test.ts` holds it to
 * the conformance suite.
 *
 * In a project of your own, import from "hammerwork/store" where this imports ../../src/store.ts.
 *
 * @module
 */
import {
  type AttemptRecord,
  type ChangeFilter,
  type Claim,
  type ClaimedJob,
  copyOf,
  copyOfAttempt,
  type Dependent,
  findAmong,
  hasEnded,
  inClaimOrder,
  isToChange,
  type JobChanges,
  type JobInput,
  type JobPart,
  type JobPlace,
  type JobRecord,
  type JobRow,
  type JobStatus,
  type KnownJob,
  type LiveCount,
  type Maintenance,
  mostAhead,
  mostLinks,
  mostWorkers,
  type QueueCount,
  type QueueSettings,
  type RecordFilter,
  type RecordPage,
  recordWith,
  retentionOf,
  type Store,
  type StoredJobs,
  synchronousStore,
  type TraceEnd,
  type TraceEndTable,
  type WorkerAnnouncement,
  type WorkerRecord,
} from "../../src/store.ts";

/** A job: what callers see of it, and what the store alone knows. */
interface Row extends JobRow {
  record: { -readonly [Key in keyof JobRecord]: JobRecord[Key] };
  leasedUntil: number;
  /** Its dependencies that have not ended. */
  waitsFor: Set<string>;
  /** Other traces than its own that attempts of it ran in. */
  ranIn: Set<string>;
  /** Attempts that did not complete it. */
  history: AttemptRecord[];
  /** Of a job that ended its trace: the number of that end, and from when it can be claimed. */
  traceEpoch: number;
  traceEndDueAt: number | undefined;
}

/** Makes a store over a `Map`. Its jobs end with the process. */
export function toyStore({ now = Date.now }: { readonly now?: () => number } = {}): Store {
  return synchronousStore(new ToyTable(), { name: "toyStore()", now, hints: { pollMs: 1_000 } });
}

class ToyTable implements StoredJobs<Row> {
  // In the order in which they were added.
  readonly #rows = new Map<string, Row>();
  // By queue; those of all queues without a name.
  readonly #settings = new Map<string | undefined, QueueSettings>();
  readonly #workers = new Map<string, WorkerAnnouncement & { readonly seenAt: number }>();
  #sequence = 0;

  /** Nothing comes between synchronous calls, and the transitions check before they change. */
  write<T>(work: () => T): T {
    return work();
  }

  read<T>(work: () => T): T {
    return work();
  }

  row(id: string): Row | undefined {
    return this.#rows.get(id);
  }

  record(id: string): JobRecord | undefined {
    const row = this.#rows.get(id);
    return row && copyOf(row.record);
  }

  statuses(ids: readonly string[]): ReadonlyMap<string, JobStatus> {
    return new Map(
      ids.flatMap((id) => this.#rows.get(id) ?? []).map((row) => [row.id, row.status]),
    );
  }

  known(
    inputs: readonly JobInput[],
    include: readonly JobPart[] | undefined,
  ): readonly (KnownJob | undefined)[] {
    return inputs.map(({ id, queueName, idempotencyKey, payload }) => {
      const row = this.#rows.get(id) ??
        (idempotencyKey === undefined
          ? undefined
          : this.#find((one) =>
            one.queueName === queueName && one.record.idempotencyKey === idempotencyKey
          )[0]);
      return row && {
        job: recordWith(copyOf(row.record), include),
        hasSamePayload: row.record.payload === payload,
      };
    });
  }

  children(id: string): readonly Row[] {
    return this.#find(({ record }) => record.parentId === id);
  }

  cancelledFor(id: string): readonly Row[] {
    return this.#find(({ record }) =>
      record.status === "cancelled" && record.error?.dependencyId === id
    );
  }

  expired(now: number, limit: number, id?: string): readonly Row[] {
    return this.#find((row) =>
      row.status === "running" && row.leasedUntil < now && (id ?? row.id) === row.id
    ).slice(0, limit);
  }

  matching(filter: ChangeFilter, limit: number): readonly Row[] {
    return this.#find(({ record }) => isToChange(record, filter)).slice(0, limit);
  }

  countMatching(filter: ChangeFilter, most: number): number {
    return this.matching(filter, most).length;
  }

  needed(ended: readonly Row[]): ReadonlySet<string> {
    const unfinished = this.#find(({ status }) => !hasEnded(status));
    const all = new Set(unfinished.flatMap(({ dependsOn }) => dependsOn));
    return new Set(ended.map(({ id }) => id).filter((id) => all.has(id)));
  }

  remove({ id }: Row): void {
    this.#rows.delete(id);
  }

  insert(job: Omit<JobRecord, "sequence">): number {
    const record = copyOf({ ...job, sequence: ++this.#sequence });
    this.#rows.set(record.id, {
      ...record,
      record,
      hasBegun: false,
      isSuspect: false,
      leasedUntil: 0,
      waitsFor: new Set(),
      ranIn: new Set(),
      history: [],
      traceEpoch: 0,
      traceEndDueAt: undefined,
    });
    return record.sequence;
  }

  update({ id }: JobRow, changes: JobChanges): void {
    const row = this.#rows.get(id)!;
    const { isSuspect = row.isSuspect, ...others } = changes;
    // In changes, null means that there is none.
    const fields = Object.entries(others).map(([name, value]) => [name, value ?? undefined]);
    row.record = copyOf({ ...row.record, ...Object.fromEntries(fields) });
    const { status } = row.record;
    if (!hasEnded(status) && status !== "running") row.record.workerName = undefined;
    Object.assign(row, row.record, { isSuspect });
    if (row.status !== "running") Object.assign(row, { leaseToken: undefined });
    if (changes.finishedAt === null) row.traceEndDueAt = undefined;
  }

  waitFor(id: string, dependencyIds: readonly string[]): void {
    this.#rows.get(id)!.waitsFor = new Set(dependencyIds);
  }

  takeDependents(ended: readonly Row[]): readonly Dependent<Row>[] {
    const ids = ended.map(({ id }) => id);
    const dependents = this.#find(({ waitsFor }) =>
      waitsFor.size > 0 && ids.filter((id) => waitsFor.delete(id)).length > 0
    );
    return dependents.map((row) => ({ row, waits: row.waitsFor.size > 0 }));
  }

  addAttempt(row: Row, attempt: AttemptRecord): void {
    row.history.push({ ...copyOfAttempt(attempt), workerName: row.record.workerName });
  }

  addAttemptTrace(row: Row, traceId: string): void {
    row.ranIn.add(traceId);
  }

  extendLease(row: Row, leasedUntil: number, hasBegun: boolean): void {
    Object.assign(row, { leasedUntil, hasBegun });
  }

  claim(claim: Claim, leaseToken: string, now: number): ClaimedJob[] {
    const { queueName, limit, leaseMs, workerName } = claim;
    const due = this.#waiting(queueName).filter(({ runAt }) => runAt <= now)
      .sort((a, b) => inClaimOrder(a.record, b.record));
    for (const row of due) this.update(row, { status: "ready" });
    return due.slice(0, limit).map((row) => {
      this.update(row, { status: "running", attempts: row.attempts + 1, startedAt: now });
      row.record.workerName = workerName;
      Object.assign(row, { leaseToken, leasedUntil: now + leaseMs, hasBegun: false });
      return {
        ...copyOf(row.record),
        leaseToken,
        waitMs: now - row.runAt,
        isSuspect: row.isSuspect,
        dependencyTraceparents: row.dependsOn.slice(0, mostLinks).flatMap((id) => {
          const dependency = this.#rows.get(id)?.record;
          return dependency?.attemptTraceparent ?? dependency?.traceparent ?? [];
        }),
      };
    });
  }

  nextAt(queueName: string, now: number): number {
    return Math.max(now, Math.min(...this.#waiting(queueName).map(({ runAt }) => runAt)));
  }

  settings(): Iterable<QueueSettings> {
    return this.#settings.values();
  }

  putSettings(settings: QueueSettings): void {
    this.#settings.set(settings.queueName, settings);
  }

  pausedUntil(queueName: string): number {
    const ends = [undefined, queueName].map((name) => this.#settings.get(name)?.pause?.until ?? 0);
    return Math.max(...ends);
  }

  find(filter: RecordFilter): RecordPage {
    return findAmong(this.#find(() => true).reverse(), filter);
  }

  attempts(id: string): readonly AttemptRecord[] {
    return (this.#rows.get(id)?.history ?? []).map(copyOfAttempt);
  }

  place(id: string): Omit<JobPlace, "at"> | undefined {
    const row = this.#rows.get(id);
    if (row === undefined) return undefined;
    const inQueue = this.#find(({ queueName }) => queueName === row.queueName);
    const ahead = inQueue.filter(({ record, status }) =>
      status === "ready" && inClaimOrder(record, row.record) < 0
    );
    const running = inQueue.filter(({ status }) => status === "running");
    return { ahead: Math.min(mostAhead, ahead.length), running: running.length };
  }

  announce(worker: WorkerAnnouncement, now: number): void {
    for (const [name, { seenAt }] of this.#workers) {
      if (name === worker.name || seenAt < now - worker.keepMs) this.#workers.delete(name);
    }
    this.#workers.set(worker.name, { ...worker, seenAt: now });
  }

  workers(now: number): readonly WorkerRecord[] {
    return [...this.#workers.values()].reverse().slice(0, mostWorkers)
      .map(({ keepMs: _, ...worker }) => ({ ...worker, silentMs: now - worker.seenAt }));
  }

  count(): readonly QueueCount[] {
    return countOf(this.#find(() => true));
  }

  countEnded(after: number): readonly QueueCount[] {
    return countOf(this.#find(({ record }) => record.finishedAt! > after));
  }

  countLive(): readonly LiveCount[] {
    return countOf(this.#find(() => true)).map((one) => {
      const alike = this.#find(({ queueName, status }) =>
        queueName === one.queueName && status === one.status
      );
      return { ...one, oldestRunAt: Math.min(...alike.map(({ runAt }) => runAt)) };
    });
  }

  removeEnded(retentionMs: Maintenance["retentionMs"], now: number, limit: number): number {
    const needed = new Set(
      this.#find(({ status }) => !hasEnded(status)).flatMap(({ dependsOn }) => dependsOn),
    );
    const isOver = ({ id, queueName, status, record }: Row) =>
      hasEnded(status) && !needed.has(id) &&
      record.finishedAt! <= now - retentionOf(retentionMs, queueName)[status];
    const removed = this.#find(isOver)
      .sort((a, b) => a.record.finishedAt! - b.record.finishedAt!).slice(0, limit);
    for (const { id } of removed) this.#rows.delete(id);
    return removed.length;
  }

  readonly traceEnds: TraceEndTable<Row> = {
    record: (ended, now) => {
      // The last job of each trace comes last and stays.
      for (const last of new Map(ended.map((row) => [row.traceId, row])).values()) {
        const trace = this.#find(({ traceId }) => traceId === last.traceId);
        if (trace.some(({ status }) => !hasEnded(status))) continue;
        last.traceEpoch = 1 + Math.max(...trace.map(({ traceEpoch }) => traceEpoch));
        last.traceEndDueAt = now;
      }
    },
    claim: ({ limit, leaseMs }, now) => {
      const due = this.#find(({ traceEndDueAt }) => traceEndDueAt! <= now)
        .sort((a, b) => a.traceEndDueAt! - b.traceEndDueAt!).slice(0, limit);
      for (const row of due) row.traceEndDueAt = now + leaseMs;
      return due.map(toTraceEnd);
    },
    settle: (ends) => {
      for (const { jobId, epoch } of ends) {
        const row = this.#rows.get(jobId);
        if (row?.traceEpoch === epoch) row.traceEndDueAt = undefined;
      }
    },
    hasUnfinished: ({ traceId, exceptJobId }) =>
      this.#find((row) =>
        row.traceId === traceId && row.id !== exceptJobId && !hasEnded(row.status)
      ).length > 0,
  };

  /** Those that a claim takes, now or when they are due. */
  #waiting(queueName: string): Row[] {
    const waits: readonly JobStatus[] = ["ready", "scheduled", "retrying"];
    return this.#find((row) => row.queueName === queueName && waits.includes(row.status));
  }

  #find(fits: (row: Row) => boolean): Row[] {
    return [...this.#rows.values()].filter(fits);
  }
}

function toTraceEnd({ record, traceEpoch: epoch }: Row): TraceEnd {
  const { traceId, id: jobId, correlationId, finishedAt } = record;
  return { traceId, epoch, jobId, correlationId, finishedAt: finishedAt! };
}

/** How many jobs each queue has with each status. */
function countOf(rows: readonly Row[]): QueueCount[] {
  const counts = new Map<string, QueueCount>();
  for (const { queueName, status } of rows) {
    const { count = 0 } = counts.get(`${status} ${queueName}`) ?? {};
    counts.set(`${status} ${queueName}`, { queueName, status, count: count + 1 });
  }
  return [...counts.values()];
}
