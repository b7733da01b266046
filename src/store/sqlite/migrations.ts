/**
 * The schema, step by step. A step that has been released never changes; new ones are added.
 *
 * @module
 */
import { SchemaError } from "../../job/errors.ts";
import type { Database } from "./database.ts";

/** One step of the schema. */
export interface Migration {
  /** Counted from 1, without gaps. */
  readonly version: number;
  /** What it changes, its own entry in `hammerwork_migrations` included. */
  readonly sql: string;
}

/** Every step, in order. */
export const migrations: readonly Migration[] = [{
  version: 1,
  sql: `
create table if not exists hammerwork_migrations (version integer primary key) strict;

create table hammerwork_jobs (
  sequence integer primary key autoincrement,
  id text not null,
  queue_name text not null,
  status text not null,
  priority integer not null,
  attempts integer not null,
  -- Releases in a row of attempts that had begun.
  releases integer not null default 0,
  -- In a row, how often its handler asked to be run again later.
  snoozes integer not null default 0,
  max_attempts integer not null,
  backoff text,
  timeout_ms integer,
  idempotency_key text,
  depends_on text not null,
  on_dependency_failure text not null,
  trace_id text not null,
  -- 0 for the first job of its trace: none of the others that are stored was there before it.
  joined_trace integer not null,
  correlation_id text,
  parent_id text,
  traceparent text,
  tracestate text,
  baggage text,
  propagation text,
  created_at integer not null,
  run_at integer not null,
  started_at integer,
  finished_at integer,
  attempt_traceparent text,
  lease_token text,
  leased_until integer,
  -- Of hammerwork_workers: who runs it, or ran it when it ended.
  worker integer,
  -- Whether the running attempt is known to have begun, and whether a lease expired once without that.
  has_begun integer not null default 0,
  is_suspect integer not null default 0,
  -- Of the job whose end was the end of its trace; due until a hook has been called for it.
  trace_epoch integer,
  trace_end_due integer,
  -- What can be large comes last: a row that continues in other pages is read as far as it is needed.
  error text,
  -- The last thing that an operator did to it.
  operation text,
  payload text not null,
  result text
) strict;

create unique index hammerwork_jobs_id on hammerwork_jobs (id);

-- Each of these holds only the jobs that its question is about, so that what waits for its time or
-- has ended costs a claim nothing.
create index hammerwork_jobs_ready
  on hammerwork_jobs (queue_name, priority desc, run_at, sequence) where status = 'ready';
create index hammerwork_jobs_due
  on hammerwork_jobs (queue_name, run_at) where status in ('scheduled', 'retrying');
create index hammerwork_jobs_leased
  on hammerwork_jobs (leased_until) where status = 'running';
create index hammerwork_jobs_ended
  on hammerwork_jobs (queue_name, status, finished_at) where finished_at is not null;
create unique index hammerwork_jobs_key
  on hammerwork_jobs (queue_name, idempotency_key) where idempotency_key is not null;

-- For lookup. The row number, which is the store's order, is the last part of every index.
create index hammerwork_jobs_queue on hammerwork_jobs (queue_name);
-- Without those that run, of which there are few: that saves a claim and an outcome an entry each.
create index hammerwork_jobs_status
  on hammerwork_jobs (queue_name, status) where status <> 'running';
create index hammerwork_jobs_trace on hammerwork_jobs (trace_id);

-- Of the jobs of a trace but the first, which is asked beside them: most traces have one job, and the
-- random order of their ids makes every entry a page to write.
create index hammerwork_jobs_unfinished
  on hammerwork_jobs (trace_id) where joined_trace = 1 and finished_at is null;
create index hammerwork_jobs_trace_epoch
  on hammerwork_jobs (trace_id, trace_epoch) where joined_trace = 1 and trace_epoch is not null;

create index hammerwork_jobs_trace_end_due
  on hammerwork_jobs (trace_end_due) where trace_end_due is not null;
create index hammerwork_jobs_correlation
  on hammerwork_jobs (correlation_id) where correlation_id is not null;
create index hammerwork_jobs_parent on hammerwork_jobs (parent_id) where parent_id is not null;
-- Who was cancelled because of a job that it depends on, by that job.
create index hammerwork_jobs_cancelled_for on hammerwork_jobs (json_extract(error, '$.dependencyId'))
  where status = 'cancelled' and json_extract(error, '$.dependencyId') is not null;

-- Attempts that did not complete their job.
create table hammerwork_attempts (
  id integer primary key,
  job_id text not null,
  attempt integer not null,
  outcome text not null,
  started_at integer not null,
  finished_at integer not null,
  error text,
  traceparent text,
  worker integer
) strict;

-- Workers by name: each says every few seconds that it is there.
create table hammerwork_workers (
  id integer primary key,
  name text not null unique,
  seen_at integer not null,
  next_in_ms integer not null,
  -- A list of names.
  queue_names text not null
) strict;
create index hammerwork_attempts_job on hammerwork_attempts (job_id);

-- Jobs by the traces that attempts of them ran in, where those are not their own.
create table hammerwork_attempt_traces (
  trace_id text not null,
  job_id text not null,
  primary key (trace_id, job_id)
) strict, without rowid;
create index hammerwork_attempt_traces_job on hammerwork_attempt_traces (job_id);

-- Who waits for whom. A row goes when the dependency ends: a job with rows left is blocked.
create table hammerwork_dependencies (
  dependency_id text not null,
  job_id text not null,
  primary key (dependency_id, job_id)
) strict, without rowid;
create index hammerwork_dependencies_job on hammerwork_dependencies (job_id);

-- Which job that has not ended depends on which, however that one stands: it is kept for so long.
create table hammerwork_live_dependents (
  dependency_id text not null,
  job_id text not null,
  primary key (dependency_id, job_id)
) strict, without rowid;
create index hammerwork_live_dependents_job on hammerwork_live_dependents (job_id);

-- How often running jobs have been cancelled, or queues paused: by it a process sees that others have
-- done so.
create table hammerwork_counters (name text primary key, value integer not null) strict, without rowid;
insert into hammerwork_counters (name, value) values ('interruptions', 0);

-- What is set for a queue, for those that have some; with an empty name for all queues.
create table hammerwork_queues (
  name text primary key,
  -- Nothing is claimed until then; infinite: until somebody ends the pause.
  paused_until real not null,
  paused_since integer not null,
  pause_reason text,
  paused_by text
) strict, without rowid;

insert into hammerwork_migrations (version) values (1);
`,
}];

/** Brings a file to the newest schema. Any number of processes may do so at once. */
export async function migrate(database: Database): Promise<void> {
  // WAL lets readers read while one writes; FULL makes a commit survive the loss of power.
  await database.read(() => database.exec("pragma journal_mode = wal; pragma synchronous = full"));
  if (await database.read(() => versionOf(database)) === newest()) return;
  await database.write(() => {
    const version = versionOf(database);
    for (const migration of migrations) {
      if (migration.version > version) database.exec(migration.sql);
    }
  });
}

/** Refuses a file whose schema is not this version's, and changes nothing in it. */
export async function checkSchema(database: Database): Promise<void> {
  const version = await database.read(() => versionOf(database));
  if (version < newest()) {
    throw new SchemaError(
      `The SQLite file must have a schema of version ${newest()}: got ${version || "none"}`,
      version === 0,
      "Open the store with migrate: true once, or apply sqliteMigrations()",
    );
  }
  await database.read(() => database.exec("pragma synchronous = full"));
}

/** The version of the file's schema; a newer one than ours is refused. */
function versionOf(database: Database): number {
  const isThere = database.get(
    "select 1 from sqlite_schema where type = 'table' and name = 'hammerwork_migrations'",
  );
  if (!isThere) return 0;
  const version = Number(
    database.get("select max(version) as version from hammerwork_migrations")?.version ?? 0,
  );
  if (version > newest()) {
    throw new RangeError(
      `The SQLite file must have a schema up to version ${newest()}, which this version of ` +
        `hammerwork knows: got version ${version}. Update hammerwork`,
    );
  }
  return version;
}

function newest(): number {
  return migrations.at(-1)!.version;
}
