/**
 * Leases in Postgres: extended, checked, and swept when they have expired.
 *
 * @module
 */
import type { ExpiredJob, Extension, Lease, LeaseState } from "../store.ts";
import type { Client } from "./client.ts";
import { retriedIdempotent } from "./errors.ts";
import { jobColumns, toExpired } from "./rows.ts";

/** Which leases to extend, from when, and for how long. */
export interface Extending {
  readonly extensions: readonly Extension[];
  readonly leaseMs: number;
  /** The time by an injected clock, if there is one. */
  readonly at: number | null;
}

/** Extends leases that still hold, and notes which of their attempts have begun. */
export async function extendLeases(
  client: Client,
  schema: string,
  extending: Extending,
): Promise<readonly LeaseState[]> {
  const { extensions, leaseMs, at } = extending;
  // An attempt that begins must be recorded, so its row is waited for. All others can go without:
  // what another transaction has locked is not swept either.
  const areWaitedFor = extensions.some(({ attempt }) => attempt === "begins");
  const extend = () =>
    client.query(
      `with lease as (
      select n as ord, (e ->> 0)::uuid as id, e ->> 1 as token, (e ->> 2)::boolean as has_begun
      from jsonb_array_elements($1::text::jsonb) with ordinality x (e, n)
    ), free as (
      select j.id, l.ord, l.has_begun from ${schema}.live j join lease l on j.id = l.id
      where j.lease_token::text = l.token and j.status = 'running'
      order by j.id for no key update of j ${areWaitedFor ? "" : "skip locked"}
    ), held as (
      update ${schema}.live j
      set has_begun = coalesce(f.has_begun, j.has_begun),
        leased_until = coalesce(to_timestamp($3::float8 / 1000), clock_timestamp())
          + $2::float8 * interval '1 ms'
      from free f where j.id = f.id
      returning f.ord
    )
    select case when h.ord is not null then 'held'
      when j.lease_token::text = l.token and j.status = 'running'
        then ${areWaitedFor ? "'changed meanwhile'" : "'held'"}
      when d.status = 'cancelled' then 'cancelled' else 'lost' end as state
    from lease l left join held h on h.ord = l.ord
      left join ${schema}.live j on j.id = l.id
      left join ${schema}.enqueued e on e.id = l.id
      left join ${schema}.ended d on d.sequence = e.sequence
    order by l.ord`,
      [JSON.stringify(extensions.map(toPlaces)), leaseMs, at],
      client.limitFor(leaseMs),
    );
  const rows = await retriedIdempotent(extend);
  if (rows.some(({ state }) => state === "changed meanwhile")) {
    // The transaction that had the row locked has changed it, and this statement could not see that.
    return await extendLeases(client, schema, extending);
  }
  return rows.map(({ state }) => state as LeaseState);
}

function toPlaces({ jobId, leaseToken, attempt }: Extension): readonly unknown[] {
  return [jobId, leaseToken, attempt === "waits" ? null : true];
}

/** Says which of these leases still hold. */
export async function checkLeases(
  client: Client,
  schema: string,
  leases: readonly Lease[],
): Promise<readonly LeaseState[]> {
  const rows = await client.query(
    `select case when j.lease_token::text = l."leaseToken" and j.status = 'running' then 'held'
        when d.status = 'cancelled' then 'cancelled' else 'lost' end as state
      from jsonb_to_recordset($1::text::jsonb) as l ("ord" integer, "jobId" uuid, "leaseToken" text)
        left join ${schema}.live j on j.id = l."jobId"
        left join ${schema}.enqueued e on e.id = l."jobId" and j.id is null
        left join ${schema}.ended d on d.sequence = e.sequence
      order by l."ord"`,
    [JSON.stringify(leases.map((lease, ord) => ({ ord, ...lease })))],
  );
  return rows.map(({ state }) => state as LeaseState);
}

/** Which expired leases to sweep. */
export interface Sweep {
  /** At most this many. */
  readonly limit: number;
  /** The lease of this job alone. */
  readonly id?: string | undefined;
  /** The time by an injected clock, if there is one. */
  readonly at: number | null;
}

/** Sweeps expired leases. Also says in which queues something became ready. */
export async function sweepLeases(
  client: Client,
  schema: string,
  { limit, id, at }: Sweep,
  limitMs: number,
): Promise<{ readonly expired: readonly ExpiredJob[]; readonly readyQueues: readonly string[] }> {
  const rows = await client.call(
    `select ${jobColumns("(s.job)")}, s.lost_attempt, ` +
      `date_part('epoch', s.swept_at) * 1000 as swept_at, ` +
      `array_to_json(s.ready_queues)::text as ready_queues ` +
      `from ${schema}.sweep($1, to_timestamp($2::float8 / 1000), $3::text::uuid) s`,
    [limit, at, id ?? null],
    limitMs,
  );
  const readyQueues = rows.length > 0
    ? JSON.parse(rows[0]!.ready_queues as string) as string[]
    : [];
  return { expired: rows.map(toExpired), readyQueues };
}

/** The jobs whose lease has expired, the oldest first. */
export async function expiredIds(
  client: Client,
  schema: string,
  limit: number,
  at: number | null,
): Promise<readonly string[]> {
  const rows = await client.query(
    `select id::text as id from ${schema}.live where status = 'running' and leased_until < ` +
      "(select coalesce(to_timestamp($2::float8 / 1000), clock_timestamp())) " +
      "order by leased_until limit $1::integer",
    [limit, at],
  );
  return rows.map(({ id }) => id as string);
}
