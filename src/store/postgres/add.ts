/**
 * Adding jobs to Postgres: in one INSERT where no job needs another of the same call, else one after
 * the other inside the server.
 *
 * @module
 */
import type { JobInput } from "../../job/record.ts";
import { StoreUnavailableError } from "../../job/errors.ts";
import type { Added } from "../store.ts";
import { type Client, PartlyDoneError, type Sql } from "./client.ts";
import {
  addedColumns,
  givenColumns,
  inputRows,
  liveColumns,
  startsAt,
  toAdded,
  toInputText,
} from "./new_rows.ts";
import { jobColumns, toRecord } from "./rows.ts";

/** Adds jobs; whatever was there before under the same id or key is returned as it is. */
export async function addJobs(
  client: Client,
  schema: string,
  inputs: readonly JobInput[],
  at: number | null,
  transaction?: Sql,
): Promise<readonly Added[]> {
  return arePlain(inputs)
    ? await addPlain(client, schema, inputs, at, { transaction })
    : await addInOrder(client, schema, inputs, at, transaction);
}

/**
 * Adds jobs that {@linkcode arePlain} holds of, or several such lists together. With a channel, their
 * queues are told of there as this commits.
 */
export async function addPlain(
  client: Client,
  schema: string,
  inputs: readonly JobInput[],
  at: number | null,
  { transaction, channel }: { readonly transaction?: Sql | undefined; readonly channel?: string } =
    {},
): Promise<readonly Added[]> {
  const values = [toInputText(inputs), at];
  const rows = channel === undefined
    ? await client.call(insertStatement(schema), values, transaction)
    : await client.call(ringingStatement(schema), [...values, channel], transaction);
  const inserted = new Map(rows.map((row) => [row.id as string, row]));
  if (inserted.size === inputs.length) {
    return inputs.map((input) => ({
      job: toAdded(input, inserted.get(input.id)!),
      deduplicated: false,
    }));
  }
  const before = inputs.filter(({ id }) => !inserted.has(id));
  const known = await findKnown(client, schema, before, at, transaction);
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

/** Those that were there before. The others are stored by now, whatever happens here. */
async function findKnown(
  client: Client,
  schema: string,
  inputs: readonly JobInput[],
  at: number | null,
  transaction: Sql | undefined,
): Promise<readonly Added[]> {
  if (inputs.length === 0) return [];
  try {
    return await addInOrder(client, schema, inputs, at, transaction);
  } catch (error) {
    if (transaction !== undefined || !(error instanceof StoreUnavailableError)) throw error;
    throw new PartlyDoneError("Postgres was lost between two statements", { cause: error });
  }
}

/** Whether none of these jobs refers to another of them, or waits for one. */
export function arePlain(inputs: readonly JobInput[]): boolean {
  const ids = inputs.length === 1 ? undefined : new Set(inputs.map(({ id }) => id));
  return inputs.every(({ dependsOn, parentId }) =>
    dependsOn.length === 0 && (parentId === undefined || ids?.has(parentId) !== true)
  );
}

async function addInOrder(
  client: Client,
  schema: string,
  inputs: readonly JobInput[],
  at: number | null,
  transaction: Sql | undefined,
): Promise<readonly Added[]> {
  const rows = await client.call(
    `select a.deduplicated, ${jobColumns("(a.job)")} ` +
      `from ${schema}.add_jobs($1::text::jsonb, to_timestamp($2::float8 / 1000)) a order by a.ord`,
    [toInputText(inputs), at],
    transaction,
  );
  return rows.map((row) => ({ job: toRecord(row), deduplicated: row.deduplicated as boolean }));
}

function insertStatement(schema: string): string {
  return `
with clock as materialized (
  select coalesce(to_timestamp($2::float8 / 1000), date_trunc('milliseconds', clock_timestamp())) as t
), added as (
  insert into ${schema}.enqueued as j (${givenColumns}, payload, parent_id, created_at, run_at)
  select ${givenColumns}, payload::json, parent_id, t, ${startsAt}
  from clock, ${inputRows("$1::text::jsonb")} i order by ord
  on conflict do nothing
  returning ${liveColumns}, created_at
), placed as (
  insert into ${schema}.live (${liveColumns}, status)
  select ${liveColumns}, case when run_at <= created_at then 'ready' else 'scheduled' end from added
)
select ${addedColumns} from added`;
}

function ringingStatement(schema: string): string {
  // Uncorrelated, so it is done once.
  const rung = "(select count(pg_notify($3, q.queue_name)) " +
    "from (select distinct queue_name from added) q) as rung";
  return insertStatement(schema).replace(/ from added$/, `, ${rung} from added`);
}
