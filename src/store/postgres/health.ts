/**
 * How the queues of a schema stand, and what keeps vacuum from its work: in Postgres one long
 * transaction anywhere in the database makes every queue slow.
 *
 * @module
 */
import type { JobStatus } from "../../job/status.ts";
import { depthsOf, type Health, type VacuumBlocker } from "../health.ts";
import type { Client, Row } from "./client.ts";
import { readSettings } from "./queue_settings.ts";
import { time } from "./rows.ts";
import { uuidOrNull } from "./find.ts";
import { type JobPlace, mostAhead } from "../store.ts";

/** Reads the health of a schema. `at` is the time by an injected clock, if there is one. */
export async function readHealth(
  client: Client,
  schema: string,
  at: number | null,
): Promise<Health> {
  const [live, [blocker], settings] = await Promise.all([
    client.look(liveStatement(schema)),
    client.look(blockerStatement),
    readSettings(client, schema, at),
  ]);
  const counts = live.filter((row) => row.queue_name !== null).map((row) => ({
    queueName: row.queue_name as string,
    status: row.status as JobStatus,
    count: row.count as number,
    oldestRunAt: time(row.run_at),
  }));
  const now = at ?? (live.find((row) => row.queue_name === null)!.run_at as number);
  return {
    queues: depthsOf(counts, Math.round(now), settings),
    vacuumBlocker: blocker && toBlocker(blocker),
  };
}

/** Where a job is in its queue. */
export async function readPlace(
  client: Client,
  schema: string,
  id: string,
  at: number | null,
): Promise<JobPlace | undefined> {
  const [row] = await client.look(placeStatement(schema), [uuidOrNull(id), at]);
  return row && {
    at: time(row.at)!,
    ahead: row.ahead as number,
    running: row.running as number,
  };
}

/** Of those before it no more are counted than wanted, by the index in whose order claims take them. */
function placeStatement(schema: string): string {
  return `select
      date_part('epoch', coalesce(to_timestamp($2::float8 / 1000), clock_timestamp())) * 1000 as at,
      (select count(*)::float8 from (select from ${schema}.ready r
        where r.queue_name = j.queue_name
          and (r.rank, r.run_at, r.sequence) < (-j.priority::integer, j.run_at, j.sequence)
        order by r.rank, r.run_at, r.sequence limit ${mostAhead}) a) as ahead,
      (select coalesce(sum(c.open), 0)::float8 from ${schema}.claims c
        where c.queue_name = j.queue_name) as running
    from ${schema}.jobs j where j.id = $1::text::uuid`;
}

/** Each status is read where such jobs are. The last row has the time. */
function liveStatement(schema: string): string {
  const oldest = "date_part('epoch', min(run_at)) * 1000 as run_at";
  return `with recursive ${queueNames(schema)} ` +
    `select queue_name, 'ready' as status, count(*)::float8 as count, ${oldest} ` +
    `from ${schema}.ready group by queue_name ` +
    "union all select queue_name, kind, count(*)::float8, null " +
    `from ${schema}.waiting group by queue_name, kind ` +
    "union all select queue_name, 'running', sum(open)::float8, null " +
    `from ${schema}.claims group by queue_name ` +
    // Of a queue whose jobs have all ended, that it is there.
    "union all select name, 'completed', 0, null from queue " +
    "union all select null, null, 0, date_part('epoch', clock_timestamp()) * 1000";
}

/**
 * The names of the queues as the table `queue`, found one after the other without a look at what is in
 * between: what follows `with recursive`.
 */
export function queueNames(schema: string): string {
  const next = (condition: string) =>
    `(select e.queue_name from ${schema}.enqueued e ${condition} order by e.queue_name limit 1)`;
  return `found (name) as (
    ${next("")}
    union all
    select ${next("where e.queue_name > found.name")} from found where found.name is not null
  ), queue as (select name from found where name is not null)`;
}

const blockerStatement = `
select kind, name, description, date_part('epoch', clock_timestamp() - since) * 1000 as age_ms
from (
  select 'session' as kind, pid::text as name,
    concat_ws(', ', nullif(application_name, ''), state) as description, xact_start as since,
    greatest(age(backend_xmin), age(backend_xid)) as age
  from pg_stat_activity
  where pid <> pg_backend_pid() and coalesce(backend_xmin, backend_xid) is not null
    and (datname is null or datname = current_database())
  union all
  select 'prepared transaction', gid, owner::text, prepared, age(transaction) from pg_prepared_xacts
  where database = current_database()
  union all
  select 'replication slot', slot_name::text, coalesce(plugin::text, slot_type), null,
    greatest(age(xmin), age(catalog_xmin))
  from pg_replication_slots where coalesce(xmin, catalog_xmin) is not null
) open
order by age desc nulls last, since limit 1`;

function toBlocker(row: Row): VacuumBlocker {
  return {
    kind: row.kind as VacuumBlocker["kind"],
    name: row.name as string,
    description: row.description as string,
    ageMs: row.age_ms === null ? undefined : Math.round(row.age_ms as number),
  };
}
