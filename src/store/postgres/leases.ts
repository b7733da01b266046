/**
 * Leases in Postgres: extended, checked, and swept when they have expired.
 *
 * @module
 */
import type { ExpiredJob, Extension, Lease, LeaseState } from "../store.ts";
import type { Client, Row } from "./client.ts";
import { retriedIdempotent } from "./errors.ts";
import { byClaim, inPlace } from "./lease_tokens.ts";
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
  { extensions, leaseMs, at }: Extending,
): Promise<readonly LeaseState[]> {
  const { text, order } = toLeaseText(extensions);
  if (order.length === 0) return extensions.map(() => "lost");
  const extend = () =>
    client.call(
      `select array_to_json(${schema}.extend_leases($1::text::jsonb, $2::float8, ` +
        "to_timestamp($3::float8 / 1000)))::text as states",
      [text, leaseMs, at],
      client.limitFor(leaseMs),
    );
  return toStates(await retriedIdempotent(extend), order, extensions.length);
}

/** Says which of these leases still hold. */
export async function checkLeases(
  client: Client,
  schema: string,
  leases: readonly Lease[],
): Promise<readonly LeaseState[]> {
  const { text, order } = toLeaseText(leases);
  if (order.length === 0) return leases.map(() => "lost");
  const check = () =>
    client.call(
      `select array_to_json(${schema}.check_leases($1::text::jsonb))::text as states`,
      [text],
    );
  return toStates(await retriedIdempotent(check), order, leases.length);
}

/** The leases of one claim. */
interface ClaimLeases {
  readonly claim: string;
  /** Which of the leases that were given. */
  readonly order: number[];
  readonly places: number[];
  readonly sequences: number[];
  readonly begun: boolean[];
}

/** Leases as the functions read them. */
function toLeaseText(
  leases: readonly Extension[],
): { readonly text: string; readonly order: readonly number[] } {
  const claims = byClaim<ClaimLeases>(
    leases,
    (claim) => ({ claim, order: [], places: [], sequences: [], begun: [] }),
    ({ order, places, sequences, begun }, i, held) => {
      order.push(i);
      places.push(held.place);
      sequences.push(held.sequence);
      begun.push(leases[i]!.attempt !== "waits");
    },
  );
  return {
    text: JSON.stringify(claims.map(({ claim, places, sequences, begun }) => [
      claim,
      `{${places.join()}}`,
      `{${sequences.join()}}`,
      `{${begun.join()}}`,
    ])),
    order: claims.flatMap(({ order }) => order),
  };
}

function toStates(
  [row]: readonly Row[],
  order: readonly number[],
  count: number,
): readonly LeaseState[] {
  return inPlace(JSON.parse(row!.states as string) as readonly LeaseState[], order, count);
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
    `select e.id::text as id from (select coalesce(to_timestamp($2::float8 / 1000), ` +
      `clock_timestamp()) as t) now, ${schema}.claims c, ` +
      "unnest(c.sequences, c.leased_until, c.is_open) x (sequence, until, is_open) " +
      `join ${schema}.enqueued e on e.sequence = x.sequence ` +
      "where c.lapses_at < now.t and coalesce(x.until, c.lapses_at) < now.t " +
      "and x.is_open is not false " +
      "order by c.lapses_at limit $1::integer",
    [limit, at],
  );
  return rows.map(({ id }) => id as string);
}
