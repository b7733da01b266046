import type pg from "postgres";

/** What each job gets where nothing is said: an expression in which `n` counts from 1. */
const defaults = {
  id: "null::uuid",
  queue_name: "'orders'",
  status: "'ready'",
  payload: "'{}'::json",
  trace_id: "gen_random_uuid()",
  correlation_id: "null::text",
  parent_id: "null::uuid",
  created_at: "now()",
  run_at: "now()",
  attempts: "0",
  started_at: "null::timestamptz",
  finished_at: "null::timestamptz",
  leased_until: "now() + interval '1 hour'",
};

// So many jobs that run are filled in as one claim.
const CLAIM_SIZE = 1_000;

/** Puts jobs into a schema faster than any client could. Those with a time of their end have ended. */
export async function fill(
  sql: pg.Sql,
  schema: string,
  count: number,
  columns: Partial<typeof defaults> = {},
): Promise<void> {
  // One after the other, as the library's own: random ones would double the work of each index.
  const id = `('${crypto.randomUUID().slice(0, 24)}' || lpad(to_hex(n), 12, '0'))::uuid`;
  const values = Object.entries({ ...defaults, id, ...columns });
  const given = "id, queue_name, payload, trace_id, correlation_id, parent_id, created_at, run_at";
  await sql.unsafe(`
    with rows as materialized (
      select n, ${values.map(([name, value]) => `${value} as ${name}`).join(", ")}
      from generate_series(1, ${count}) n
    ), added as (
      insert into ${schema}.enqueued (${given}, payload_bytes)
      select ${given}, octet_length(payload::text) from rows order by n returning id, sequence
    ), jobs as (
      select * from rows join added using (id)
    ), ready as (
      insert into ${schema}.ready (sequence, queue_name, rank, run_at)
      select sequence, queue_name, 0, run_at from jobs
      where finished_at is null and status = 'ready' order by n
    ), waiting as (
      insert into ${schema}.waiting (sequence, queue_name, rank, run_at, kind)
      select sequence, queue_name, 0, run_at, status from jobs
      where finished_at is null and status in ('scheduled', 'retrying', 'blocked') order by n
    ), running as (
      insert into ${schema}.claims (token, queue_name, claimed_at, lapses_at, open, has_past,
        first_sequence, last_sequence, sequences, run_ats)
      select gen_random_uuid(), queue_name, max(coalesce(started_at, now())), min(leased_until),
        count(*), false, min(sequence), max(sequence), array_agg(sequence order by n),
        array_agg(run_at order by n)
      from jobs where finished_at is null and status = 'running'
      group by queue_name, (n - 1) / ${CLAIM_SIZE}
    )
    insert into ${schema}.ended (sequence, id, queue_name, status, attempts, started_at, finished_at)
    select sequence, id, queue_name, status, attempts, started_at, finished_at from jobs
    where finished_at is not null order by n`);
}

/** Does what changes most of a schema's jobs without its indexes, and then makes them at once. */
export async function withoutIndexes(
  sql: pg.Sql,
  schema: string,
  work: () => Promise<void>,
): Promise<void> {
  const indexes = await sql<{ name: string; definition: string }[]>`
    select format('%I.%I', schemaname, indexname) as name, indexdef as definition from pg_indexes
    where schemaname = ${schema} and tablename = any(${tables})
      and indexname not in (select conname from pg_constraint)`;
  for (const { name } of indexes) await sql.unsafe(`drop index ${name}`);
  await work();
  for (const { definition } of indexes) await sql.unsafe(definition);
}

/** Vacuums the tables of a schema and tells the planner what is in them. */
export async function vacuumAnalyze(sql: pg.Sql, schema: string): Promise<void> {
  for (const table of tables) await sql.unsafe(`vacuum analyze ${schema}.${table}`);
}

/** The same, with tables and indexes written anew: how they grew makes no difference any more. */
export async function vacuumFull(sql: pg.Sql, schema: string): Promise<void> {
  for (const table of [...tables, "workers"]) {
    await sql.unsafe(`vacuum (full, analyze) ${schema}.${table}`);
  }
}

/** Tells the planner what is in the tables of a schema now, and that nobody shall tell it later. */
export async function analyzeForGood(sql: pg.Sql, schema: string): Promise<void> {
  for (const table of tables) {
    await sql.unsafe(`alter table ${schema}.${table} set (autovacuum_enabled = off)`);
    await sql.unsafe(`analyze ${schema}.${table}`);
  }
}

const tables = ["enqueued", "ready", "waiting", "progress", "claims", "ended", "dependencies"];
