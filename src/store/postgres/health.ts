/**
 * How the queues of a schema stand, and what keeps vacuum from its work: in Postgres one long
 * transaction anywhere in the database makes every queue slow.
 *
 * @module
 */
import { hasEnded, type JobStatus, jobStatuses } from "../../job/status.ts";
import { depthsOf, type Health, type VacuumBlocker } from "../health.ts";
import type { Client, Row } from "./client.ts";

/** Reads the health of a schema. `at` is the time by an injected clock, if there is one. */
export async function readHealth(
  client: Client,
  schema: string,
  at: number | null,
): Promise<Health> {
  const [live, [blocker]] = await Promise.all([
    client.look(liveStatement(schema)),
    client.look(blockerStatement),
  ]);
  const counts = live.filter((row) => row.queue_name !== null).map((row) => ({
    queueName: row.queue_name as string,
    status: row.status as JobStatus,
    count: row.count as number,
    oldestRunAt: Math.round(row.run_at as number),
  }));
  const now = at ?? (live.find((row) => row.queue_name === null)!.run_at as number);
  return {
    queues: depthsOf(counts, Math.round(now)),
    vacuumBlocker: blocker && toBlocker(blocker),
  };
}

/** Each status is read from the index that holds only such jobs. The last row has the time. */
function liveStatement(schema: string): string {
  const live = jobStatuses.filter((status) => !hasEnded(status)).map((status) =>
    "select queue_name, status, count(*)::float8 as count, " +
    "date_part('epoch', min(run_at)) * 1000 as run_at " +
    `from ${schema}.live where status = '${status}' group by queue_name, status`
  );
  const clock = "select null, null, 0, date_part('epoch', clock_timestamp()) * 1000";
  return [...live, clock].join(" union all ");
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
