/**
 * Extending leases in Postgres.
 *
 * @module
 */
import type { Extension, LeaseState } from "../store.ts";
import type { Client } from "./client.ts";
import { retriedIdempotent } from "./retry.ts";

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
  // what somebody has locked is not swept either.
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
    // Whoever had the row locked has done something to it that this statement could not see.
    return await extendLeases(client, schema, extending);
  }
  return rows.map(({ state }) => state as LeaseState);
}

function toPlaces({ jobId, leaseToken, attempt }: Extension): readonly unknown[] {
  return [jobId, leaseToken, attempt === "waits" ? null : true];
}
