/**
 * The seam over Postgres: each call is one statement.
 *
 * @module
 */
import type { Health } from "../health.ts";
import type { QueueSettings, QueueSettingsChange } from "../queue_settings.ts";
import type { AttemptRecords, JobInput, JobRecord, Operator } from "../../job/record.ts";
import type {
  AddedJob,
  AddOptions,
  CancelRecordOptions,
  ChangedRecord,
  ChangeFilter,
  ChangeOptions,
  ChangeResult,
  CountRecordsOptions,
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
  Taker,
  TraceEnds,
  WorkerAnnouncement,
  WorkerRecord,
} from "../store.ts";
import { Adding } from "./add.ts";
import { changeJobs, countMatchingQuery } from "./change.ts";
import { Notifier } from "./notifier.ts";
import { Allowance, type Client, type Row, type Sql, type SqlValue } from "./client.ts";
import { retried } from "./errors.ts";
import { countQuery, endedQuery, findRecords, getRecord, toCount, uuidOrNull } from "./find.ts";
import { readHealth, readPlace } from "./health.ts";
import { checkLeases, extendLeases } from "./leases.ts";
import { SchemaMaintenance } from "./maintenance.ts";
import { configureQueue, readSettings } from "./queue_settings.ts";
import { jobColumns, toRecord } from "./rows.ts";
import { SettleAndClaim } from "./settle_and_claim.ts";
import { quoted } from "./sql.ts";
import { Takers } from "./takers.ts";
import { claimTraceEnds, hasUnfinished, settleTraceEnds } from "./trace_ends.ts";
import { Workers } from "./workers.ts";

// Each pass looks at the whole tree, and locks what it cancels until it is done.
const DESCENDANTS_IN_PASS = 10_000;

/** How a store of Postgres is run. */
export interface PostgresStoreOptions {
  readonly schema: string;
  readonly now: (() => number) | undefined;
  /** How long an enqueue whose answer was lost asks what became of it, in ms. */
  readonly lostAnswerMs: number;
  /** How long a call may take, in ms. */
  readonly callTimeoutMs: number;
}

/** A store in a schema of a Postgres database. */
export class PostgresStore implements Store<Sql> {
  readonly hints: StoreHints;
  readonly #client: Client;
  readonly #now: (() => number) | undefined;
  readonly #schema: string;
  // Its name, on which processes notify each other.
  readonly #channel: string;
  readonly #notifier: Notifier;
  readonly #maintenance: SchemaMaintenance;
  readonly #settleAndClaim: SettleAndClaim;
  readonly #adding: Adding;
  readonly #takers: Takers;
  readonly #workers: Workers;
  readonly #changes = new Allowance();

  constructor(client: Client, options: PostgresStoreOptions) {
    this.#client = client;
    this.#now = options.now;
    this.#schema = quoted(options.schema);
    this.#channel = options.schema;
    const notifier = this.#notifier = new Notifier(client, options.schema);
    this.hints = {
      pollMs: 1_000,
      callsAtOnce: 2,
      get hearsOthers() {
        return notifier.hearsOthers;
      },
    };
    const at = () => this.#at();
    const maintenance = this.#maintenance = new SchemaMaintenance(client, this.#schema, at);
    const workers = this.#workers = new Workers(client, this.#schema);
    this.#settleAndClaim = new SettleAndClaim(client, this.#schema, at, maintenance, workers);
    const settleAndClaim = this.#settleAndClaim;
    this.#takers = new Takers((queueName) => settleAndClaim.isQuick(queueName));
    this.#adding = new Adding(client, this.#notifier, {
      ...options,
      at,
      takers: this.#takers,
      workers,
      onLostClaim: (claim) => settleAndClaim.addLost(claim),
    });
  }

  async add(
    inputs: readonly JobInput[],
    options?: AddOptions<Sql>,
  ): Promise<readonly AddedJob[]> {
    const added = await this.#adding.add(inputs, options);
    if (added.some(({ job }) => job.status === "blocked")) this.#maintenance.noteDependents();
    return added;
  }

  async settleAndClaim(request: SettleAndClaimRequest): Promise<SettleAndClaimResult> {
    const { readyQueues, pausedQueues, ...result } = await retried(() =>
      this.#settleAndClaim.call(request)
    );
    for (const queueName of pausedQueues) this.#notifier.notifyPaused("paused", queueName);
    await this.#notifier.notify(readyQueues);
    return result;
  }

  extend(
    extensions: readonly Extension[],
    { leaseMs }: ExtendOptions,
  ): Promise<readonly LeaseState[]> {
    return extendLeases(this.#client, this.#schema, { extensions, leaseMs, at: this.#at() });
  }

  check(leases: readonly Lease[]): Promise<readonly LeaseState[]> {
    return checkLeases(this.#client, this.#schema, leases);
  }

  async cancel(
    id: string,
    { error, descendants = false, operator }: CancelRecordOptions,
  ): Promise<ChangedRecord | undefined> {
    const row = await this.#change(
      "cancel_job($1::text::uuid, $2::text::json, $3, $4::text::json, " +
        "to_timestamp($5::float8 / 1000))",
      [uuidOrNull(id), JSON.stringify(error), descendants, jsonOf(operator), this.#at()],
      ", array_to_json(c.interrupted)::text as interrupted",
    );
    if (row === undefined) return undefined;
    this.#notifier.notifyCancelled(JSON.parse(row.interrupted as string));
    if (!descendants) return toChanged(row);
    const cancelledDescendants = await this.#cancelDescendants(id, { error, operator });
    return { ...toChanged(row), cancelledDescendants };
  }

  /** In passes until one finds none: those that run may have added some before they were cancelled. */
  async #cancelDescendants(
    id: string,
    { error, operator }: CancelRecordOptions,
  ): Promise<number> {
    const pass = (limitMs: number) =>
      this.#client.query(
        "select cardinality(c.done) as count, array_to_json(c.ready_queues)::text as ready_queues, " +
          "array_to_json(c.interrupted)::text as interrupted " +
          `from ${this.#schema}.cancel_descendants($1::text::uuid, $2::text::json, ` +
          "$3::text::json, false, $4, to_timestamp($5::float8 / 1000)) c",
        [id, JSON.stringify(error), jsonOf(operator), DESCENDANTS_IN_PASS, this.#at()],
        limitMs,
      );
    for (let total = 0;;) {
      const [row] = await retried(() => this.#changes.run(this.#client.longLimitMs, pass));
      const count = row!.count as number;
      if (count === 0) return total;
      total += count;
      this.#notifier.notifyCancelled(JSON.parse(row!.interrupted as string));
      await this.#notifier.notify(JSON.parse(row!.ready_queues as string));
    }
  }

  async retry(
    id: string,
    { dependents = true, force = false, operator }: RetryRecordOptions = {},
  ): Promise<ChangedRecord | undefined> {
    const row = await this.#change(
      "retry_job($1::text::uuid, $2, $3, $4::text::json, to_timestamp($5::float8 / 1000))",
      [uuidOrNull(id), dependents, force, jsonOf(operator), this.#at()],
      ", c.hindrance::text as hindrance",
    );
    if (row === undefined || row.hindrance === null) return row && toChanged(row);
    return { ...toChanged(row), hindrance: JSON.parse(row.hindrance as string) };
  }

  async change(
    filter: ChangeFilter,
    change: MassChange,
    { limit }: ChangeOptions,
  ): Promise<ChangeResult> {
    const pass = { filter, change, limit, channel: this.#channel };
    const run = (limitMs: number) =>
      changeJobs(this.#client, this.#schema, { ...pass, at: this.#at() }, limitMs);
    const { result, readyQueues, interrupted } = await retried(() =>
      this.#changes.run(this.#client.longLimitMs, run)
    );
    for (const queueName of readyQueues) this.#settleAndClaim.startOver(queueName);
    this.#notifier.notifyHere(readyQueues);
    this.#notifier.notifyCancelled(interrupted);
    return result;
  }

  async countMatching(
    filter: ChangeFilter,
    type: MassChange["type"],
    most: number,
  ): Promise<number> {
    const { text, values } = countMatchingQuery(this.#schema, filter, type, most);
    const [row] = await this.#client.look(text, values);
    return row!.count as number;
  }

  async configure(change: QueueSettingsChange): Promise<QueueSettings | undefined> {
    const settings = await configureQueue(this.#client, this.#schema, change, this.#at());
    const type = settings?.pause === undefined ? "ready" : "paused";
    this.#notifier.notifyPaused(type, change.queueName);
    return settings;
  }

  settings(): Promise<readonly QueueSettings[]> {
    return readSettings(this.#client, this.#schema, this.#at());
  }

  get(
    id: string,
    options: GetOptions = {},
  ): Promise<(JobRecord & AttemptRecords) | undefined> {
    return getRecord(this.#client, this.#schema, id, options);
  }

  find(filter: RecordFilter): Promise<RecordPage> {
    return findRecords(this.#client, this.#schema, filter);
  }

  async counts({ endedWithinMs }: CountRecordsOptions = {}): Promise<readonly QueueCount[]> {
    const { text, values } = endedWithinMs === undefined
      ? countQuery(this.#schema)
      : endedQuery(this.#schema, endedWithinMs, this.#at());
    return (await this.#client.look(text, values)).map(toCount);
  }

  place(id: string): Promise<JobPlace | undefined> {
    return readPlace(this.#client, this.#schema, id, this.#at());
  }

  announce(worker: WorkerAnnouncement): Promise<void> {
    return this.#workers.announce(worker, this.#at());
  }

  workers(): Promise<readonly WorkerRecord[]> {
    return this.#workers.read(this.#at());
  }

  health(): Promise<Health> {
    return readHealth(this.#client, this.#schema, this.#at());
  }

  readonly traceEnds: TraceEnds = {
    claim: (claim) => claimTraceEnds(this.#client, this.#schema, claim, this.#at()),
    settle: (ends) => settleTraceEnds(this.#client, this.#schema, ends),
    hasUnfinished: (query) => hasUnfinished(this.#client, this.#schema, query),
  };

  async maintain(maintenance: Maintenance): Promise<MaintenanceResult> {
    const { readyQueues, ...result } = await this.#maintenance.run(maintenance);
    for (const queueName of readyQueues) this.#settleAndClaim.startOver(queueName);
    await this.#notifier.notify(readyQueues);
    return result;
  }

  onNotice(listener: (notice: Notice) => void): () => void {
    return this.#notifier.onNotice(listener);
  }

  offer(taker: Taker): () => void {
    return this.#takers.offer(taker);
  }

  async close(): Promise<void> {
    await this.#notifier.close();
    await this.#client.close();
  }

  /** Calls a function that changes one job, and notifies workers of what became ready by it. */
  async #change(call: string, values: SqlValue[], more = ""): Promise<Row | undefined> {
    const text =
      `select ${
        jobColumns("(c.job)")
      }, c.changed, array_to_json(c.ready_queues)::text as ready_queues${more} ` +
      `from ${this.#schema}.${call} c`;
    const change = (limitMs: number) => this.#client.query(text, values, limitMs);
    const [row] = await retried(() => this.#changes.run(this.#client.longLimitMs, change));
    if (row !== undefined) await this.#notifier.notify(JSON.parse(row.ready_queues as string));
    return row;
  }

  #at(): number | null {
    return this.#now?.() ?? null;
  }
}

function jsonOf(operator: Operator | undefined): string | null {
  return operator === undefined ? null : JSON.stringify(operator);
}

function toChanged(row: Row): ChangedRecord {
  return { job: toRecord(row), changed: row.changed as boolean };
}
