/**
 * Adding jobs to Postgres: in one INSERT where no job needs another of the same call, else one after
 * the other inside the server.
 *
 * @module
 */
import type { JobInput } from "../../job/record.ts";
import { StoreUnavailableError } from "../../job/errors.ts";
import type { Added } from "../store.ts";
import type { Client, Row, Sql, SqlValue } from "./client.ts";
import { PartlyDoneError } from "./errors.ts";
import {
  addedColumns,
  firstStatus,
  givenColumns,
  inputRows,
  liveColumns,
  startsAt,
  toAdded,
  toInputText,
} from "./new_rows.ts";
import { retriedIdempotent } from "./retry.ts";
import { jobColumns, toRecord } from "./rows.ts";

/** How jobs are added. */
export interface AddOptions {
  /** A caller's transaction to add in. */
  readonly transaction?: Sql | undefined;
  /** How long to wait for another transaction that has a key, in ms. Default: as long as a call may. */
  readonly patienceMs?: number | undefined;
}

/** The same, and a channel to tell the new jobs' queues on as the statement commits. */
export interface AddPlainOptions extends AddOptions {
  readonly channel?: string | undefined;
}

/** Whether none of these jobs refers to another of them, or waits for one. */
export function arePlain(inputs: readonly JobInput[]): boolean {
  const ids = inputs.length === 1 ? undefined : new Set(inputs.map(({ id }) => id));
  return inputs.every(({ dependsOn, parentId }) =>
    dependsOn.length === 0 && (parentId === undefined || ids?.has(parentId) !== true)
  );
}

/** Adds jobs to one schema; whatever was there before under the same id or key is returned as it is. */
export class Inserts {
  readonly #client: Client;
  // Written once: they are long, and an enqueue of one job is short.
  readonly #plain: string;
  readonly #ringing: string;
  readonly #patient: string;
  readonly #inOrder: string;

  /** `schema` is a quoted name. */
  constructor(client: Client, schema: string) {
    this.#client = client;
    this.#plain = plainStatement(schema, "");
    // Uncorrelated, so it is done once.
    this.#ringing = plainStatement(
      schema,
      ", (select count(pg_notify($3, q.queue_name)) " +
        "from (select distinct queue_name from added) q) as rung",
    );
    // Set while the rows are made, before the first of them is inserted.
    this.#patient = plainStatement(schema, "", ", set_config('lock_timeout', $3, true)");
    this.#inOrder = `select a.deduplicated, ${jobColumns("(a.job)")} ` +
      `from ${schema}.add_jobs($1::text::jsonb, to_timestamp($2::float8 / 1000), $3) a order by a.ord`;
  }

  /** Adds jobs that {@linkcode arePlain} holds of, or several such lists together. */
  async addPlain(
    inputs: readonly JobInput[],
    at: number | null,
    options: AddPlainOptions = {},
  ): Promise<readonly Added[]> {
    const { channel, patienceMs } = options;
    const values = [toInputText(inputs), at];
    const rows = patienceMs !== undefined
      ? await this.#run(this.#patient, [...values, `${patienceMs}ms`], options)
      : channel === undefined
      ? await this.#run(this.#plain, values, options)
      : await this.#run(this.#ringing, [...values, channel], options);
    const inserted = new Map(rows.map((row) => [row.id as string, row]));
    if (inserted.size === inputs.length) {
      return inputs.map((input) => ({
        job: toAdded(input, inserted.get(input.id)!),
        deduplicated: false,
      }));
    }
    const before = inputs.filter(({ id }) => !inserted.has(id));
    const known = await this.#findKnown(before, at, options.transaction);
    const knownById = new Map(known.map((added, i) => [before[i]!.id, added]));
    // The same id twice in one call was inserted once: the second is a repetition.
    const firsts = new Map(inputs.map(({ id }, i) => [id, i] as const).reverse());
    return inputs.map(({ id }, i) => {
      const row = inserted.get(id);
      if (row === undefined) return knownById.get(id)!;
      const first = firsts.get(id)!;
      return { job: toAdded(inputs[first]!, row), deduplicated: first !== i };
    });
  }

  /** Adds jobs one after the other, in an order in which each comes behind those that it needs. */
  async addInOrder(
    inputs: readonly JobInput[],
    at: number | null,
    options: AddOptions = {},
  ): Promise<readonly Added[]> {
    const { patienceMs } = options;
    const patience = patienceMs === undefined ? null : `${patienceMs}ms`;
    const rows = await this.#run(this.#inOrder, [toInputText(inputs), at, patience], options);
    return rows.map((row) => ({ job: toRecord(row), deduplicated: row.deduplicated as boolean }));
  }

  /** Those that were there before. The others are stored by now, whatever happens here. */
  async #findKnown(
    inputs: readonly JobInput[],
    at: number | null,
    transaction: Sql | undefined,
  ): Promise<readonly Added[]> {
    if (inputs.length === 0) return [];
    if (transaction !== undefined) return await this.addInOrder(inputs, at, { transaction });
    try {
      return await retriedIdempotent(() => this.addInOrder(inputs, at));
    } catch (error) {
      if (!(error instanceof StoreUnavailableError)) throw error;
      throw new PartlyDoneError("Postgres was lost between two statements", { cause: error });
    }
  }

  #run(text: string, values: SqlValue[], { transaction }: AddOptions): Promise<readonly Row[]> {
    return transaction === undefined
      ? this.#client.call(text, values)
      : this.#client.callWithin(transaction, text, values);
  }
}

/** The statement that adds plain jobs, with one more column of its answer and what is done first. */
function plainStatement(schema: string, more: string, first: string = ""): string {
  return `
with clock as materialized (
  select coalesce(to_timestamp($2::float8 / 1000), date_trunc('milliseconds', clock_timestamp())) as t${first}
), added as (
  insert into ${schema}.enqueued as j (${givenColumns}, payload, parent_id, created_at, run_at)
  select ${givenColumns}, payload::json, parent_id, t, ${startsAt}
  from clock, ${inputRows("$1::text::jsonb")} i order by ord
  on conflict do nothing
  returning ${liveColumns}, created_at
), placed as (
  insert into ${schema}.live (${liveColumns}, status)
  select ${liveColumns}, ${firstStatus} from added
)
select ${addedColumns}${more} from added`;
}
