/**
 * The ends of traces in Postgres: recorded by the functions that end jobs, claimed and settled here.
 *
 * @module
 */
import type { TraceEnd, TraceEndClaim, UnfinishedQuery } from "../store.ts";
import type { Client } from "./client.ts";
import { uuidOrNull } from "./find.ts";
import { traceEndsTopic } from "./functions/end.ts";
import { retried, retriedIdempotent } from "./errors.ts";
import { toTraceEnd, traceEndColumns } from "./rows.ts";

// Without a call for so long, nobody wants to know of them any more.
const INTEREST_MS = 7 * 24 * 3_600_000;

/**
 * Leases ends that no worker has reported yet, the oldest first. Those that are recorded from now on are
 * kept for it.
 */
export async function claimTraceEnds(
  client: Client,
  schema: string,
  { limit, leaseMs }: TraceEndClaim,
  at: number | null,
): Promise<readonly TraceEnd[]> {
  // A subquery is evaluated once, so that the index can be used; the bare clock would be for each row.
  const now = "(select coalesce(to_timestamp($3::float8 / 1000), clock_timestamp()))";
  const claimed = () =>
    client.query(
      // It is written anew when half of it is over.
      `with renewed as (insert into ${schema}.interests as i (topic, ends_at) ` +
        `select '${traceEndsTopic}', ${now} + $4::float8 * interval '1 ms' where not exists (` +
        `select from ${schema}.interests where topic = '${traceEndsTopic}' ` +
        `and ends_at > ${now} + $4::float8 / 2 * interval '1 ms') ` +
        "on conflict (topic) do update set ends_at = greatest(i.ends_at, excluded.ends_at)) " +
        `update ${schema}.ended d set trace_end_due = ${now} + $2::float8 * interval '1 ms' ` +
        `from ${schema}.enqueued e where e.sequence = d.sequence and d.sequence = any(array(` +
        `select sequence from ${schema}.ended where trace_end_due <= ${now} ` +
        "and trace_end_due < 'infinity' " +
        "order by trace_end_due, sequence limit $1::integer for update skip locked)) " +
        `returning ${traceEndColumns}`,
      [limit, leaseMs, at, INTEREST_MS],
      client.limitFor(leaseMs),
    );
  const rows = await retried(claimed);
  // RETURNING promises no order.
  return [...rows]
    .sort((a, b) =>
      Number(a.finished_at) - Number(b.finished_at) ||
      Number(a.sequence) - Number(b.sequence)
    )
    .map(toTraceEnd);
}

/** Records that these ends have been reported. */
export async function settleTraceEnds(
  client: Client,
  schema: string,
  ends: readonly TraceEnd[],
): Promise<void> {
  const settle = () =>
    client.query(
      // In the order of locks: two workers may have reported the same ends.
      `update ${schema}.ended d set trace_end_due = null where d.sequence = any(array(` +
        `select d.sequence from jsonb_to_recordset($1::text::jsonb) as x ("jobId" uuid, "epoch" integer) ` +
        `join ${schema}.enqueued e on e.id = x."jobId" ` +
        `join ${schema}.ended d on d.sequence = e.sequence and d.trace_epoch = x."epoch" ` +
        "order by d.sequence for no key update of d))",
      [JSON.stringify(ends)],
    );
  await retriedIdempotent(settle);
}

/** Whether a trace has an unfinished job beside the given one. */
export async function hasUnfinished(
  client: Client,
  schema: string,
  { traceId, exceptJobId }: UnfinishedQuery,
): Promise<boolean> {
  const [row] = await client.look(
    `select exists (select from ${schema}.enqueued e ` +
      "where e.trace_id = $1::text::uuid and e.id is distinct from $2::text::uuid " +
      `and not exists (select from ${schema}.ended d where d.sequence = e.sequence)) ` +
      "as has_unfinished",
    [uuidOrNull(traceId), uuidOrNull(exceptJobId)],
  );
  return row!.has_unfinished as boolean;
}
