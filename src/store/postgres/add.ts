/**
 * Adding jobs to Postgres: stored or refused for certain, whatever happens to the connection, and workers
 * that wait for them are notified. Where no job needs a stored one they are rows and nothing more; else a
 * function in the server sees how they hang together.
 *
 * @module
 */
import { JobIdTakenError, StoreUnavailableError } from "../../job/errors.ts";
import {
  type JobError,
  type JobInput,
  type JobPart,
  jobParts,
  type JobRecord,
  recordWith,
} from "../../job/record.ts";
import type { JobStatus } from "../../job/status.ts";
import { unknownDependency } from "../rules.ts";
import type { AddedJob, AddOptions } from "../store.ts";
import type { TokenClaim } from "./claim.ts";
import type { Client, Row, Sql, SqlValue } from "./client.ts";
import {
  addOnce,
  codeOf,
  isOutcomeUnknown,
  PartlyDoneError,
  retried,
  retriedIdempotent,
} from "./errors.ts";
import { jobIdTaken, unknownJob } from "./functions/add.ts";
import { GroupCommit, KeyedAdds } from "./group_commit.ts";
import type { Notifier } from "./notifier.ts";
import {
  foundColumns,
  givenColumns,
  inputRows,
  isCancelled,
  isShort,
  listedInputRows,
  optional,
  rank,
  shortColumns,
  shortInputRows,
  startsAt,
  time,
  toAdded,
  toFound,
  toInputLists,
  toInputText,
  waitsForOthers,
} from "./rows.ts";
import { quoted } from "./sql.ts";
import type { Takers, Taking } from "./takers.ts";
import type { Workers } from "./workers.ts";

/** Where jobs are added, and how. */
export interface AddingOptions {
  readonly schema: string;
  /** The time by an injected clock, if there is one. */
  readonly at: () => number | null;
  /** How long an enqueue whose answer was lost asks what became of it, in ms. */
  readonly lostAnswerMs: number;
  /** How long an enqueue waits for another transaction that has its key, in ms. */
  readonly callTimeoutMs: number;
  /** The workers that take jobs as they are added. */
  readonly takers: Takers;
  /** The numbers of workers. */
  readonly workers: Pick<Workers, "numberOf">;
  /** Called when it is not known whether jobs were claimed as they were added. */
  readonly onLostClaim: (claim: TokenClaim) => void;
}

/** Adds jobs to one schema. */
export class Adding {
  readonly #client: Client;
  readonly #notifier: Notifier;
  readonly #options: AddingOptions;
  readonly #inserts: Inserts;
  readonly #shared: GroupCommit = new GroupCommit((inputs, include) =>
    this.#addPlain(inputs, include)
  );
  readonly #keyed: KeyedAdds;

  constructor(client: Client, notifier: Notifier, options: AddingOptions) {
    this.#client = client;
    this.#notifier = notifier;
    this.#options = options;
    this.#inserts = new Inserts(client, quoted(options.schema), options.workers);
    this.#keyed = new KeyedAdds(
      (inputs, patienceMs, include) => this.#addPatiently(inputs, { patienceMs, include }),
      client.connectionCount,
      options.callTimeoutMs,
    );
  }

  /** Adds jobs in one step, in the caller's transaction if there is one. */
  async add(
    inputs: readonly JobInput[],
    { transaction, include }: AddOptions<Sql> = {},
  ): Promise<readonly AddedJob[]> {
    try {
      if (transaction !== undefined) {
        return await this.#addWithin(inputs, { transaction, include });
      }
      const isKeyed = inputs.some(({ idempotencyKey }) => idempotencyKey !== undefined);
      // Where each call has a client of its own, none can wait for another one's.
      const isShared = this.#client.connectionCount > 0;
      if (!areSelfContained(inputs)) {
        const add = (patienceMs?: number) => this.#addGraph(inputs, { patienceMs, include });
        if (!isKeyed || !isShared) return await add();
        return await this.#keyed.addAlone(inputs, include, (_, patienceMs) => add(patienceMs));
      }
      if (!isShared) return await this.#addPlain(inputs, include);
      return await (isKeyed ? this.#keyed : this.#shared).add(inputs, include);
    } catch (error) {
      if (codeOf(error) === unknownJob) throw unknownDependency((error as Error).message);
      if (codeOf(error) === jobIdTaken) throw new JobIdTakenError((error as Error).message);
      throw error;
    }
  }

  async #addPlain(
    inputs: readonly JobInput[],
    include: readonly JobPart[] | undefined,
  ): Promise<readonly AddedJob[]> {
    const { schema, at, lostAnswerMs, takers } = this.#options;
    const taking = this.#client.connectionCount > 0 ? takers.reserve(inputs) : undefined;
    if (taking !== undefined) return await this.#addTaking(inputs, taking, include);
    let isNotified = false;
    const options = {
      channel: this.#notifier.takeTurn() ? schema : undefined,
      onNotified: () => void (isNotified = true),
      include,
    };
    const add = () => this.#inserts.addPlain(inputs, at(), options);
    const added = await addOnce(inputs, () => retried(add), lostAnswerMs);
    if (isNotified) this.#notifier.notifyHere(newIn(added));
    else await this.#notifier.notify(newIn(added));
    return added;
  }

  /** For a worker that takes them in the same statement. What is run again is not taken. */
  async #addTaking(
    inputs: readonly JobInput[],
    taking: Taking,
    include: readonly JobPart[] | undefined,
  ): Promise<readonly AddedJob[]> {
    let isFirst = true;
    const added = await this.#addOnce(inputs, async (at) => {
      if (!isFirst) return await this.#inserts.addPlain(inputs, at, { include });
      isFirst = false;
      try {
        return await this.#inserts.addPlain(inputs, at, { include, taking });
      } catch (error) {
        if (isOutcomeUnknown(error)) this.#options.onLostClaim(taking.claim);
        throw error;
      } finally {
        taking.end();
      }
    });
    if (!taking.hasTaken) await this.#notifier.notify(newIn(added));
    return added;
  }

  async #addPatiently(
    inputs: readonly JobInput[],
    options: InsertOptions,
  ): Promise<readonly AddedJob[]> {
    return await this.#addAndNotify(inputs, (at) => this.#inserts.addPlain(inputs, at, options));
  }

  async #addGraph(
    inputs: readonly JobInput[],
    options: InsertOptions,
  ): Promise<readonly AddedJob[]> {
    return await this.#addAndNotify(inputs, (at) => this.#inserts.addGraph(inputs, at, options));
  }

  async #addAndNotify(
    inputs: readonly JobInput[],
    add: (at: number | null) => Promise<readonly AddedJob[]>,
  ): Promise<readonly AddedJob[]> {
    const added = await this.#addOnce(inputs, add);
    await this.#notifier.notify(newIn(added));
    return added;
  }

  #addOnce(
    inputs: readonly JobInput[],
    add: (at: number | null) => Promise<readonly AddedJob[]>,
  ): Promise<readonly AddedJob[]> {
    const { at, lostAnswerMs } = this.#options;
    return addOnce(inputs, () => retried(() => add(at())), lostAnswerMs);
  }

  async #addWithin(
    inputs: readonly JobInput[],
    options: InsertOptions & { readonly transaction: Sql },
  ): Promise<readonly AddedJob[]> {
    const { schema, at } = this.#options;
    const isPlain = arePlain(inputs);
    const added = isPlain
      ? await this.#inserts.addPlain(inputs, at(), { ...options, channel: schema })
      : await this.#inserts.addGraph(inputs, at(), options);
    if (!isPlain || hasCancelled(added)) {
      await this.#notifier.notifyAtCommit(newIn(added), options.transaction);
    }
    return added;
  }
}

/** Where a parent is cancelled, none was added by the statement that also notifies. */
function hasCancelled(added: readonly AddedJob[]): boolean {
  return added.some(({ job }) => job.status === "cancelled");
}

/** The queues with new jobs. */
function newIn(added: readonly AddedJob[]): ReadonlySet<string> {
  const queueNames = new Set<string>();
  for (const { job: { queueName, status }, deduplicated } of added) {
    // One that is blocked will be notified when it is ready.
    if (!deduplicated && status !== "cancelled" && status !== "blocked") queueNames.add(queueName);
  }
  return queueNames;
}

/** How jobs are inserted. */
interface InsertOptions extends AddOptions<Sql> {
  /** How long to wait for another transaction that has a key, in ms. Default: as long as a call may. */
  readonly patienceMs?: number | undefined;
}

/** The same, or else a channel to notify of the new jobs' queues as the statement commits. */
interface InsertPlainOptions extends InsertOptions {
  readonly channel?: string | undefined;
  /** Called when the statement that added them has notified of them. */
  readonly onNotified?: (() => void) | undefined;
  /** A claim of these jobs. Not together with a channel. */
  readonly taking?: Taking | undefined;
}

// More of them are joined with each other by a function that does so in sets.
const MOST_SELF_CONTAINED = 1_000;

/**
 * Whether these jobs need no stored one, nor an answer to which of them are stored: each waits for earlier
 * ones of the same call only, or for none.
 */
function areSelfContained(inputs: readonly JobInput[]): boolean {
  if (!inputs.some(waitsForOthers)) return arePlain(inputs);
  if (inputs.length > MOST_SELF_CONTAINED) return false;
  const ids = new Set(inputs.map(({ id }) => id));
  const earlier = new Set<string>();
  return inputs.every(({ id, idempotencyKey, dependsOn, parentId }) => {
    const isContained = idempotencyKey === undefined && !earlier.has(id) &&
      dependsOn.every((dependency) => earlier.has(dependency)) &&
      (parentId === undefined || !ids.has(parentId));
    earlier.add(id);
    return isContained;
  });
}

/** Whether none of these jobs refers to another of them, or waits for one. */
function arePlain(inputs: readonly JobInput[]): boolean {
  const ids = inputs.length === 1 ? undefined : new Set(inputs.map(({ id }) => id));
  return inputs.every(({ dependsOn, parentId }) =>
    dependsOn.length === 0 && (parentId === undefined || ids?.has(parentId) !== true)
  );
}

/** Adds jobs to one schema; whatever was there before under the same id or key is returned as it is. */
class Inserts {
  readonly #client: Client;
  readonly #schema: string;
  readonly #workers: AddingOptions["workers"];
  // Written once: they are long, and an enqueue of one job is short.
  readonly #plainTexts = new Map<string, string>();
  readonly #graph: string;
  // How many calls are still to expect that some of their jobs are stored already.
  #wary = 0;

  /** `schema` is a quoted name. */
  constructor(client: Client, schema: string, workers: AddingOptions["workers"]) {
    this.#client = client;
    this.#schema = schema;
    this.#workers = workers;
    this.#graph = graphStatement(schema, jobParts);
  }

  /** Adds jobs that are {@linkcode areSelfContained}, or several such lists together. */
  async addPlain(
    inputs: readonly JobInput[],
    at: number | null,
    options: InsertPlainOptions = {},
  ): Promise<readonly AddedJob[]> {
    return await this.#unlessStored(
      (isWary) => this.#addPlain(inputs, at, isWary, options),
      options,
    );
  }

  /** Adds jobs, each behind those that it needs. */
  async addGraph(
    inputs: readonly JobInput[],
    at: number | null,
    options: InsertOptions = {},
  ): Promise<readonly AddedJob[]> {
    return await this.#unlessStored(
      (isWary) =>
        isWary ? this.#addKnown(inputs, at, options) : this.#addNew(inputs, at, options.include),
      options,
    );
  }

  /**
   * Most jobs are new. To ask for each first whether it is stored costs the server more than the rest, so
   * it says so by failing; but not within a caller's transaction, which would fail too.
   */
  async #unlessStored<T>(
    add: (isWary: boolean) => Promise<T>,
    { transaction, patienceMs }: InsertOptions,
  ): Promise<T> {
    if (this.#wary > 0) this.#wary--;
    else if (transaction === undefined && patienceMs === undefined) {
      try {
        return await add(false);
      } catch (error) {
        if (codeOf(error) !== UNIQUE_VIOLATION) throw error;
        this.#wary = WARY_CALLS;
      }
    }
    return await add(true);
  }

  async #addPlain(
    inputs: readonly JobInput[],
    at: number | null,
    isWary: boolean,
    options: InsertPlainOptions,
  ): Promise<readonly AddedJob[]> {
    const { channel, patienceMs, include } = options;
    const haveDependencies = inputs.some(waitsForOthers);
    // Which of them are stored is for a function to find out.
    if (isWary && haveDependencies) return await this.#addKnown(inputs, at, options);
    const taking = isWary ? undefined : options.taking;
    const parents = new Set(inputs.flatMap(({ parentId }) => parentId ?? []));
    const areShort = inputs.every(isShort);
    // Where some are stored already, the server needs to compare.
    const [first, ...lists] = areShort && !isWary ? toInputLists(inputs) ?? [] : [];
    const form: PlainForm = {
      areShort,
      areListed: first !== undefined,
      isWary,
      isPatient: patienceMs !== undefined,
      isNotifying: channel !== undefined,
      haveParents: parents.size > 0,
      haveDependencies,
      isTaking: taking !== undefined,
    };
    const values: SqlValue[] = [first ?? toInputText(inputs), at, inputs.length];
    if (patienceMs !== undefined) values.push(`${patienceMs}ms`);
    else if (channel !== undefined) values.push(channel);
    if (form.haveParents) values.push(`{${[...parents].join(",")}}`);
    if (taking !== undefined) {
      const { token, queueName, leaseMs, workerName = null } = taking.claim;
      const worker = this.#workers.numberOf(taking.claim.workerName) ?? null;
      values.push(token, queueName, leaseMs, worker, worker === null ? workerName : null);
    }
    values.push(...lists);
    const [row] = await this.#run(this.#plainText(form), values, options);
    const t = time(row!.t)!;
    const sequences: readonly number[] = JSON.parse(row!.sequences as string);
    // Where a parent is cancelled none was added, and nobody notified.
    if (channel !== undefined && sequences.length > 0) options.onNotified?.();
    if (sequences.length === inputs.length) {
      if (row!.is_taken === true) taking!.took(inputs, sequences, t);
      return inputs.map((input, i) => ({
        job: recordWith(toNew(input, sequences[i]!, t), include),
        deduplicated: false,
      }));
    }
    const ids: readonly string[] = row!.ids === null ? [] : JSON.parse(row!.ids as string);
    const inserted = new Map(ids.map((id, i) => [id, sequences[i]!]));
    const before = inputs.filter(({ id }) => !inserted.has(id));
    const known = await this.#findKnown(before, at, options);
    const knownById = new Map(known.map((added, i) => [before[i]!.id, added]));
    // The same id twice in one call was inserted once: the second is a repetition.
    const firsts = new Map(inputs.map(({ id }, i) => [id, i] as const).reverse());
    return inputs.map(({ id }, i) => {
      const sequence = inserted.get(id);
      if (sequence === undefined) return knownById.get(id)!;
      const first = firsts.get(id)!;
      const job = recordWith(toAdded(inputs[first]!, sequence, t), include);
      return { job, deduplicated: first !== i };
    });
  }

  async #addNew(
    inputs: readonly JobInput[],
    at: number | null,
    include: readonly JobPart[] | undefined,
  ): Promise<readonly AddedJob[]> {
    const text = newGraphStatement(this.#schema);
    const [row] = await this.#client.call(text, [toInputText(inputs), at]);
    const t = time(row!.t)!;
    const sequences: readonly number[] = JSON.parse(row!.sequences as string);
    const statuses: readonly JobStatus[] = JSON.parse(row!.statuses as string);
    const errors: readonly JobError[] = JSON.parse(row!.errors as string);
    return inputs.map((input, i) => ({
      job: recordWith(toPlaced(input, sequences[i]!, t, statuses[i]!, errors[i]), include),
      deduplicated: false,
    }));
  }

  async #addKnown(
    inputs: readonly JobInput[],
    at: number | null,
    { patienceMs, include, transaction }: InsertOptions,
  ): Promise<readonly AddedJob[]> {
    const patience = patienceMs === undefined ? null : `${patienceMs}ms`;
    const text = include === undefined ? this.#graph : graphStatement(this.#schema, include);
    const rows = await this.#run(text, [toInputText(inputs), at, patience], { transaction });
    return toAddedGraph(inputs, rows, include);
  }

  /**
   * Those that were there before; the others are stored by now, whatever happens here. Or all, where
   * none was inserted because a parent is cancelled: each is looked at by itself then.
   */
  async #findKnown(
    inputs: readonly JobInput[],
    at: number | null,
    { transaction, patienceMs, include }: InsertOptions,
  ): Promise<readonly AddedJob[]> {
    if (inputs.length === 0) return [];
    if (transaction !== undefined) {
      return await this.#addKnown(inputs, at, { transaction, include });
    }
    try {
      return await retriedIdempotent(() => this.#addKnown(inputs, at, { patienceMs, include }));
    } catch (error) {
      if (!(error instanceof StoreUnavailableError)) throw error;
      throw new PartlyDoneError("Postgres was lost between two statements", { cause: error });
    }
  }

  #plainText(form: PlainForm): string {
    const name = Object.values(form).join();
    let text = this.#plainTexts.get(name);
    if (text === undefined) this.#plainTexts.set(name, text = plainStatement(this.#schema, form));
    return text;
  }

  #run(text: string, values: SqlValue[], { transaction }: InsertOptions): Promise<readonly Row[]> {
    return transaction === undefined
      ? this.#client.call(text, values)
      : this.#client.callWithin(transaction, text, values);
  }
}

/** The statement that adds jobs which may need each other, and answers these parts of stored ones. */
export function graphStatement(schema: string, include: readonly JobPart[]): string {
  const at = "to_timestamp($2::float8 / 1000)";
  const [payloads, results] = [include.includes("payload"), include.includes("result")];
  return `select a.maker, a.sequence::float8 as new_sequence, a.status as new_status,
    a.error::text as new_error, date_part('epoch', a.t) * 1000 as t, ${
    foundColumns("(a.job)", include)
  } from ${schema}.add_jobs($1::text::jsonb, ${at}, $3, ${payloads}, ${results}) a order by a.ord`;
}

/** The answer of that statement: of new jobs comes only what is not known. */
function toAddedGraph(
  inputs: readonly JobInput[],
  rows: readonly Row[],
  include: readonly JobPart[] | undefined,
): readonly AddedJob[] {
  const storedIds = new Map<string, string>();
  const storedId = (id: string) => storedIds.get(id) ?? id;
  return rows.map((row, i): AddedJob => {
    const maker = optional<number>(row.maker);
    if (maker === undefined) {
      const job = toFound(row);
      storedIds.set(inputs[i]!.id, job.id);
      return { job, deduplicated: true };
    }
    const input = inputs[maker - 1]!;
    const { dependsOn, parentId } = input;
    storedIds.set(inputs[i]!.id, input.id);
    const { new_sequence, new_status, new_error, t } = rows[maker - 1]!;
    const referring = {
      ...input,
      dependsOn: dependsOn.map(storedId),
      parentId: parentId && storedId(parentId),
    };
    const error = new_error === null ? undefined : JSON.parse(new_error as string) as JobError;
    const sequence = new_sequence as number;
    const job = toPlaced(referring, sequence, time(t)!, new_status as JobStatus, error);
    return { job: recordWith(job, include), deduplicated: maker !== i + 1 };
  });
}

/** A new job as a record, of a call that needs no stored one. */
function toNew(input: JobInput, sequence: number, t: number): JobRecord {
  return waitsForOthers(input)
    ? toPlaced(input, sequence, t, "blocked", undefined)
    : toAdded(input, sequence, t);
}

/** A new job as a record, which is blocked or cancelled because of others, or neither. */
function toPlaced(
  input: JobInput,
  sequence: number,
  t: number,
  status: JobStatus,
  error: JobError | undefined,
): JobRecord {
  const { dependsOn } = input;
  return {
    ...toAdded(input, sequence, t),
    dependsOn: dependsOn.length === 0 ? dependsOn : [...new Set(dependsOn)],
    status,
    ...status === "cancelled" && { finishedAt: t, error },
  };
}

/** The statement that adds jobs which may need each other, if none is stored. */
function newGraphStatement(schema: string): string {
  return `select date_part('epoch', a.t) * 1000 as t, array_to_json(a.sequences)::text as sequences,
    array_to_json(a.statuses)::text as statuses,
    coalesce(array_to_json(a.errors), '[]')::text as errors
  from ${schema}.add_new_jobs($1::text::jsonb, to_timestamp($2::float8 / 1000)) a`;
}

/** Which statement adds plain jobs. What a call does not need costs each of its statements. */
interface PlainForm {
  /** Whether they have no more than what {@linkcode shortInputRows} reads. */
  readonly areShort: boolean;
  /** Whether the first parameter is a list of ids, and the last ones are lists of the rest. */
  readonly areListed: boolean;
  /** Whether some may be stored already. */
  readonly isWary: boolean;
  /** Whether a fourth parameter says how long it waits for a lock. */
  readonly isPatient: boolean;
  /** Whether a fourth parameter is a channel to be notified of their queues. */
  readonly isNotifying: boolean;
  /** Whether the next parameter has the ids of their parents. */
  readonly haveParents: boolean;
  /** Whether some wait for earlier ones of the same call. Not where some may be stored already. */
  readonly haveDependencies: boolean;
  /**
   * Whether the next parameters are a token, their queue, the duration of a lease in ms, and the worker's
   * number or its name.
   */
  readonly isTaking: boolean;
}

const UNIQUE_VIOLATION = "23505";
// Jobs of one id come together, as in a file that is read again.
const WARY_CALLS = 1_000;

function plainStatement(schema: string, form: PlainForm): string {
  const { areShort, areListed, isWary, isPatient, isNotifying } = form;
  const { haveParents, haveDependencies, isTaking } = form;
  let last = 3;
  const parameters = (count: number) => Array.from({ length: count }, () => `$${++last}`);
  const [fourth] = parameters(Number(isPatient || isNotifying));
  const [parents] = parameters(Number(haveParents));
  const [token, queueName, leaseMs, worker, workerName] = parameters(isTaking ? 5 : 0);
  const [rows, columns, runAt] = areListed
    ? [listedInputRows(["$1", ...parameters(6)]), shortColumns, "t"]
    : areShort
    ? [shortInputRows("$1::text::jsonb"), shortColumns, "t"]
    : [
      inputRows("$1::text::jsonb"),
      haveDependencies ? `${givenColumns}, depends_on` : givenColumns,
      startsAt,
    ];
  // Set while the rows are made, before the first of them is inserted.
  const patience = isPatient ? `, set_config('lock_timeout', ${fourth}, true)` : "";
  // Where one is cancelled none is added here, so that all are added in one step. One by one: to find one
  // of many the planner may read the whole table, since there may be none.
  const condition = haveParents
    ? `where not exists (select from unnest(${parents}::text::uuid[]) u (id),
        lateral (select where ${isCancelled(schema, "u.id")} offset 0) c)`
    : "";
  // Those that wait for others are blocked; the others are placed as they would be alone.
  const placed = haveDependencies ? "independent" : "added";
  const blocked = haveDependencies
    ? `, independent as (select * from added where depends_on = '{}'), blocked as (
  insert into ${schema}.waiting (sequence, run_at, rank, has_past, kind, queue_name)
  select sequence, run_at, ${rank}, true, 'blocked', queue_name from added where depends_on <> '{}'
), awaited as (
  insert into ${schema}.dependencies (dependency, dependent)
  select d.sequence, w.sequence
  from added w, unnest(w.depends_on) x (id), added d where d.id = x.id
)`
    : "";
  // Uncorrelated, so it is done once.
  const notified = isNotifying
    ? `, (select count(pg_notify(${fourth}, q.queue_name))
        from (select distinct queue_name from ${placed}) q) as notified`
    : "";
  const ready = `ready as (
  insert into ${schema}.ready (sequence, run_at, rank, queue_name)
  select sequence, run_at, ${areShort ? 0 : rank}, queue_name from ${placed}`;
  const inTheirPlaces = isTaking
    ? `free as materialized (
  select ${schema}.is_free(${queueName}, t) as is_free from clock
), ${ready}, free where not is_free
), claimed as (
  insert into ${schema}.claims (token, queue_name, claimed_at, lapses_at, open, has_past,
    first_sequence, last_sequence, sequences, run_ats, worker)
  select ${token}::text::uuid, ${queueName}, t, t + ${leaseMs}::float8 * interval '1 ms', count(*),
    false, min(sequence), max(sequence), array_agg(sequence), array_agg(run_at),
    coalesce(${worker}::integer, ${schema}.worker_number(${workerName}::text, t))
  from ${placed}, free, clock where is_free group by t
)`
    : areShort
    ? `${ready}
)`
    : `${ready} where run_at <= created_at
), scheduled as (
  insert into ${schema}.waiting (sequence, run_at, rank, kind, queue_name)
  select sequence, run_at, ${rank}, 'scheduled', queue_name from ${placed} where run_at > created_at
)`;
  // Which ones are new, where not all are. Otherwise there is one that would have failed, or none.
  const ids = isWary
    ? `case when count(*) < $3::integer and ${schema}.refuse_taken($1::text)
    then coalesce(array_to_json(array_agg(id)), '[]')::text end`
    : "case when count(*) < $3::integer then null end";
  const taken = isTaking ? ", (select is_free from free) as is_taken" : "";
  const returned = `sequence, queue_name, run_at${isWary || haveDependencies ? ", id" : ""}${
    areShort ? "" : ", priority, created_at"
  }${haveDependencies ? ", depends_on" : ""}`;
  // They are read, and get their sequences, in the order of the text: to ask for it would be to sort them.
  return `
with clock as materialized (
  select coalesce(to_timestamp($2::float8 / 1000), date_trunc('milliseconds', clock_timestamp())) as t${patience}
), added as (
  insert into ${schema}.enqueued as j
    (${columns}, payload, payload_bytes, parent_id, created_at, run_at)
  select ${columns}, payload::json, octet_length(payload), parent_id, t, ${runAt}
  from clock, ${rows} i ${condition}${isWary ? " on conflict do nothing" : ""}
  returning ${returned}
)${blocked}, ${inTheirPlaces}
select (select date_part('epoch', t) * 1000 from clock) as t,
  coalesce(array_to_json(array_agg(sequence)), '[]')::text as sequences,
  ${ids} as ids${notified}${taken}
from added`;
}
