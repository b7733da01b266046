/**
 * The database and its schema: what the sessions must be like, and the tables and functions, step by
 * step. A step that has been released never changes; new ones are added, and
 * only add, so that the version before continues to work beside the new one during a rollout.
 *
 * @module
 */
import { SchemaError } from "../../job/errors.ts";
import { addFunctions } from "./functions/add.ts";
import type { Client } from "./client.ts";
import { codeOf } from "./errors.ts";
import { quoted, quotedText } from "./sql.ts";
import { cancelFunctions } from "./functions/cancel.ts";
import { endFunctions } from "./functions/end.ts";
import { cancelledFor, retryFunctions } from "./functions/retry.ts";
import { settleAndClaimFunction } from "./functions/settle_and_claim.ts";
import { leaseFunctions } from "./functions/leases.ts";

/** One step of the schema. */
export interface Migration {
  /** Counted from 1, without gaps. */
  readonly version: number;
  /** The oldest version that a library must know to work with the schema after this step. */
  readonly requires: number;
  /** What it changes. */
  readonly sql: (schema: string, channel: string) => string;
}

/** Every step, in order. */
export const migrations: readonly Migration[] = [{
  version: 1,
  requires: 1,
  sql: (schema, channel) =>
    tables(schema) + endFunctions(schema) + settleAndClaimFunction(schema) +
    leaseFunctions(schema) + retryFunctions(schema) + cancelFunctions(schema, channel) +
    addFunctions(schema, channel),
}];

/** The whole schema as plain SQL. */
export function printMigrations(schema: string): string {
  const steps = [bootstrap(schema), ...migrations.map((one) => script(one, schema))];
  return steps.map((step) => `begin;\n${step.trim()}\ncommit;\n`).join("\n");
}

/** Brings the schema to the newest version. Any number of processes may do so at once. */
export async function migrate(client: Client, schema: string): Promise<void> {
  let version = await versionOf(client, schema);
  if (version === undefined) {
    await unlessDone(client.script(bootstrap(schema)));
    version = 0;
  }
  for (const migration of migrations) {
    if (migration.version > version) await unlessDone(client.script(script(migration, schema)));
  }
  await checkSchema(client, schema);
}

/**
 * Refuses a database whose encoding is not UTF-8, since it cannot store every text, and sessions whose
 * transactions do not see what others commit while they wait for it: each would show only later, in one
 * job or one claim.
 */
export async function checkSession(client: Client): Promise<void> {
  const [row] = await client.query(
    "select current_setting('server_encoding') as encoding, " +
      "current_setting('transaction_isolation') as isolation",
  );
  if (row?.encoding !== "UTF8") {
    throw new RangeError(
      `The Postgres database must have the encoding UTF8: got ${row?.encoding}. ` +
        "Make one with: create database … encoding 'UTF8' template template0",
    );
  }
  if (row.isolation !== "read committed") {
    throw new RangeError(
      `The transaction isolation of the connections must be read committed: got ${row.isolation}. ` +
        "Set default_transaction_isolation so for the role or the database, or in the client",
    );
  }
}

/** Refuses a schema that this version of the library cannot work with. */
export async function checkSchema(client: Client, schema: string): Promise<void> {
  const version = await versionOf(client, schema);
  if (version === undefined || version < newest()) {
    throw new SchemaError(
      `The Postgres schema "${schema}" must have version ${newest()}: got ${version ?? "none"}`,
      version === undefined,
      "Open the store with migrate: true once, or apply postgresMigrations()",
    );
  }
}

/** The newest step that was applied; `undefined` when there is no schema. */
async function versionOf(client: Client, schema: string): Promise<number | undefined> {
  let row: { version?: unknown; requires?: unknown } | undefined;
  try {
    [row] = await client.query(
      `select coalesce(max(version), 0)::integer as version, ` +
        `coalesce(max(requires), 0)::integer as requires from ${quoted(schema)}.migrations`,
    );
  } catch (error) {
    if (codeOf(error) === UNDEFINED_TABLE || codeOf(error) === UNDEFINED_SCHEMA) return undefined;
    throw error;
  }
  const [version, requires] = [Number(row?.version), Number(row?.requires)];
  if (requires > newest()) {
    throw new RangeError(
      `The Postgres schema "${schema}" must be one that version ${newest()} can work with: got ` +
        `version ${version}, which needs ${requires}. Update hammerwork`,
    );
  }
  return version;
}

const UNDEFINED_TABLE = "42P01";
const UNDEFINED_SCHEMA = "3F000";

function bootstrap(schema: string): string {
  const name = quoted(schema);
  // Only made where it is missing: to make one is a right that an application may not have.
  return `do $$ begin
  if to_regnamespace(${quotedText(name)}) is null then create schema ${name}; end if;
end $$;
create table if not exists ${name}.migrations (
  version integer primary key,
  requires integer not null,
  applied_at timestamptz not null default now()
);
`;
}

/** Its entry comes first: a second process waits there until the first is done, and is refused then. */
function script({ version, requires, sql }: Migration, schema: string): string {
  const name = quoted(schema);
  return `insert into ${name}.migrations (version, requires) values (${version}, ${requires});
${sql(name, quotedText(schema))}`;
}

/** Runs a script; that another process has done the same at the same moment is no error. */
async function unlessDone(work: Promise<void>): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (!DONE_BY_ANOTHER.includes(codeOf(error))) throw error;
  }
}

// unique_violation, duplicate_schema, duplicate_table, and what two simultaneous creations give.
const DONE_BY_ANOTHER: readonly string[] = ["23505", "42P06", "42P07", "XX000"];

function newest(): number {
  return migrations.at(-1)!.version;
}

/** The columns of a job in a view, from its row in `live` and from its row in `ended`. */
function viewColumns(
  live: (column: string) => string,
  ended: (column: string, type: string) => string,
): string {
  const state = (column: string) => `${live(column)} as ${column}`;
  const end = (column: string, type: string) => `${ended(column, type)} as ${column}`;
  return `e.sequence, e.id, e.queue_name, ${state("status")}, e.payload, e.priority,
    ${state("attempts")}, coalesce(${live("releases")}, 0) as releases,
    ${state("max_attempts")}, e.backoff, e.timeout_ms, e.idempotency_key,
    e.depends_on, e.on_dependency_failure, e.trace_id, e.correlation_id, e.parent_id,
    e.traceparent, e.tracestate, e.baggage, e.propagation, e.created_at, ${state("run_at")},
    ${state("started_at")}, ${end("finished_at", "timestamptz")}, ${end("result", "json")},
    ${state("error")}, ${state("attempt_traceparent")}, e.payload_bytes,
    ${end("result_bytes", "integer")}`;
}

/** The first version's tables. `schema` is a quoted name. */
function tables(schema: string): string {
  return `
-- What callers gave: written once, never changed.
create table ${schema}.enqueued (
  sequence bigint generated always as identity primary key,
  id uuid not null unique,
  queue_name text not null,
  payload json not null,
  priority smallint not null default 0,
  max_attempts smallint not null default 3 check (max_attempts between 1 and 1000),
  backoff text,
  timeout_ms integer,
  idempotency_key text,
  depends_on uuid[] not null default '{}',
  on_dependency_failure text not null default 'cancel'
    check (on_dependency_failure in ('cancel', 'run')),
  trace_id uuid not null,
  correlation_id text,
  parent_id uuid,
  traceparent text,
  tracestate text,
  baggage text,
  propagation text check (propagation in ('auto', 'child', 'link', 'none')),
  created_at timestamptz not null,
  run_at timestamptz not null,
  -- Kept, since to measure a value that is stored apart would be to read it.
  payload_bytes integer not null generated always as (octet_length(payload::text)) stored
);
create unique index enqueued_key on ${schema}.enqueued (queue_name, idempotency_key)
  where idempotency_key is not null;

-- For lookup, newest first.
create index enqueued_queue on ${schema}.enqueued (queue_name, sequence);
create index enqueued_trace on ${schema}.enqueued (trace_id, sequence);
create index enqueued_correlation on ${schema}.enqueued (correlation_id, sequence)
  where correlation_id is not null;
create index enqueued_parent on ${schema}.enqueued (parent_id, sequence)
  where parent_id is not null;
create index enqueued_created on ${schema}.enqueued using brin (created_at);

-- The state of each job that has not ended: small rows, since every attempt writes them anew.
create table ${schema}.live (
  id uuid primary key,
  sequence bigint not null,
  trace_id uuid not null,
  queue_name text not null,
  status text not null
    check (status in ('scheduled', 'blocked', 'ready', 'running', 'retrying')),
  priority smallint not null,
  run_at timestamptz not null,
  attempts smallint not null default 0,
  max_attempts smallint not null,
  started_at timestamptz,
  error json,
  attempt_traceparent text,
  lease_token uuid,
  leased_until timestamptz,
  trace_epoch integer,
  -- Whether the running attempt is known to have begun, whether a lease expired once without that,
  -- and the releases in a row of attempts that had begun. Null is no and none: most rows have none.
  has_begun boolean,
  is_suspect boolean,
  releases smallint
);
-- Each of these holds only the jobs that its question is about, so that what waits for its time
-- costs a claim nothing. The order of the first is the order of claiming.
create index live_ready on ${schema}.live (queue_name, priority desc, run_at, sequence)
  where status = 'ready';
create index live_due on ${schema}.live (queue_name, run_at)
  where status in ('scheduled', 'retrying');
create index live_leased on ${schema}.live (leased_until) where status = 'running';
create index live_blocked on ${schema}.live (sequence) where status = 'blocked';

-- How each job has ended.
create table ${schema}.ended (
  sequence bigint primary key,
  id uuid not null,
  trace_id uuid not null,
  queue_name text not null,
  status text not null check (status in ('completed', 'failed', 'cancelled')),
  run_at timestamptz not null,
  attempts smallint not null,
  max_attempts smallint not null,
  started_at timestamptz,
  finished_at timestamptz not null,
  result json,
  error json,
  attempt_traceparent text,
  lease_token uuid,
  -- Of the job whose end was the end of its trace; due until a worker has reported it.
  trace_epoch integer,
  trace_end_due timestamptz,
  -- For a job that is retried.
  is_suspect boolean,
  result_bytes integer generated always as (octet_length(result::text)) stored
);
create index ended_finished on ${schema}.ended (finished_at);
create index ended_failed on ${schema}.ended (status, sequence)
  where status in ('failed', 'cancelled');
-- Whether a new job's parent is cancelled: one look in a small index.
create unique index ended_cancelled on ${schema}.ended (id) where status = 'cancelled';
-- Jobs that were cancelled because of a job that they depend on, by that job.
create index ended_cancelled_for on ${schema}.ended (${cancelledFor("ended")})
  where status = 'cancelled' and ${cancelledFor("ended")} is not null;
create index ended_trace_end_due on ${schema}.ended (trace_end_due, sequence)
  where trace_end_due is not null;

-- For reading: those that have not ended, those that have, and all.
create view ${schema}.jobs_live as
  select ${viewColumns((column) => `l.${column}`, (_, type) => `null::${type}`)}
  from ${schema}.live l join ${schema}.enqueued e on e.sequence = l.sequence;
create view ${schema}.jobs_ended as
  select ${
    viewColumns(
      (column) => column === "releases" ? "null::smallint" : `d.${column}`,
      (column) => `d.${column}`,
    )
  }
  from ${schema}.ended d join ${schema}.enqueued e on e.sequence = d.sequence;
create view ${schema}.jobs as
  select ${
    viewColumns(
      (column) => column === "releases" ? "l.releases" : `coalesce(l.${column}, d.${column})`,
      (column) => `d.${column}`,
    )
  }
  from ${schema}.enqueued e
    left join ${schema}.ended d on d.sequence = e.sequence
    -- What has ended is not looked for among the others.
    left join ${schema}.live l on l.id = e.id and d.sequence is null;

-- Attempts that did not complete their job.
create table ${schema}.attempts (
  id bigint generated always as identity primary key,
  job_id uuid not null,
  attempt smallint not null,
  outcome text not null,
  started_at timestamptz not null,
  finished_at timestamptz not null,
  error json,
  traceparent text
);
create index attempts_job on ${schema}.attempts (job_id, id);

-- Jobs by the traces that attempts of them ran in, where those are not their own.
create table ${schema}.attempt_traces (
  trace_id uuid not null,
  job_id uuid not null,
  primary key (trace_id, job_id)
);
create index attempt_traces_job on ${schema}.attempt_traces (job_id);

-- Which job waits for which. A row is deleted when the dependency ends: a job with rows left is blocked.
create table ${schema}.dependencies (
  dependency_id uuid not null,
  job_id uuid not null,
  -- Of two transactions that did not see each other, one that adds a dependent and one that ends its
  -- dependency, this is what remains to be looked at again.
  added_in xid8 not null default pg_current_xact_id(),
  primary key (dependency_id, job_id)
);
-- Jobs that were cancelled with their descendants: transactions that were open then may add more of them.
create table ${schema}.cancelled_trees (
  root_id uuid primary key,
  reason json not null,
  -- Once these are over, none can come any more; null before the first look.
  open_below xid8
);

create index dependencies_job on ${schema}.dependencies (job_id);
create index dependencies_added on ${schema}.dependencies (added_in);
`;
}
