/**
 * The tables of the schema and the views that read them as jobs. `docs/postgres-tables.md` has the
 * drawing.
 *
 * What callers gave is written once to `enqueued`. Where a job is beside that is one row in one place:
 * it can be claimed (`ready`), waits for something (`waiting`), is held by a claim (`claims`, one row
 * for all jobs that one call claimed) or has ended (`ended`). Names are looked up there by `sequence`.
 *
 * @module
 */
import { cancelledFor } from "./functions/retry.ts";
import { interpreted } from "./functions/settings.ts";
import { quotedText } from "./sql.ts";

/** The tables, their indexes and the views. `schema` is a quoted name. */
export function tables(schema: string): string {
  return `
-- What callers gave: written once, never changed but for the priority. The library and the function enqueue
-- check it.
create table ${schema}.enqueued (
  sequence bigint generated always as identity primary key,
  id uuid not null unique,
  queue_name text collate "C" not null,
  payload json not null,
  priority smallint not null default 0,
  max_attempts smallint not null default 3,
  backoff text,
  timeout_ms integer,
  idempotency_key text,
  depends_on uuid[] not null default '{}',
  on_dependency_failure text not null default 'cancel',
  trace_id uuid not null,
  correlation_id text,
  parent_id uuid,
  traceparent text,
  tracestate text,
  baggage text,
  propagation text,
  created_at timestamptz not null,
  run_at timestamptz not null,
  -- Kept, since to measure a value that is stored apart would be to read it.
  payload_bytes integer not null
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

-- Settings of a queue, for those that have some; with an empty name, of all queues. A claim looks both
-- up here once.
create table ${schema}.queues (
  name text collate "C" primary key,
  -- Nothing is claimed until then; infinity: until somebody ends the pause.
  paused_until timestamptz,
  paused_since timestamptz,
  pause_reason text,
  paused_by text
);

-- Workers by name: each says every few seconds that it is there. Elsewhere a worker is its number.
create table ${schema}.workers (
  id integer generated always as identity primary key,
  name text collate "C" not null unique,
  seen_at timestamptz not null,
  -- When it is there again at the latest, from then.
  next_in_ms float8 not null,
  queue_names text[] not null
) with (fillfactor = 50);

-- Jobs that can be claimed: a claim deletes its jobs here.
create table ${schema}.ready (
  sequence bigint primary key,
  run_at timestamptz not null,
  -- The negative of the priority, so that the order of claiming is ascending.
  rank integer not null,
  -- Whether rows of progress or dependencies belong to it. Most jobs have none, which need not be looked for.
  has_past boolean not null default false,
  queue_name text collate "C" not null
);
create index ready_order on ${schema}.ready (queue_name, rank, run_at, sequence);

-- Jobs that wait: for their time, for their next attempt, for the end of what they depend on.
create table ${schema}.waiting (
  sequence bigint primary key,
  run_at timestamptz not null,
  rank integer not null,
  has_past boolean not null default false,
  -- scheduled, retrying or blocked
  kind text collate "C" not null,
  queue_name text collate "C" not null
);
create index waiting_due on ${schema}.waiting (queue_name, run_at) where kind <> 'blocked';
create index waiting_kind on ${schema}.waiting (kind, sequence);

-- What earlier attempts left of jobs that have not ended: only of those that had one, were retried, or to which
-- an operator did something.
create table ${schema}.progress (
  sequence bigint primary key,
  -- Those that count.
  attempts smallint not null,
  max_attempts smallint not null,
  -- In a row, of attempts that had begun.
  releases smallint not null default 0,
  -- In a row, how often its handler asked to be run again later.
  snoozes smallint not null default 0,
  -- Whether a lease on it has expired once without a known begin of the attempt.
  is_suspect boolean not null default false,
  started_at timestamptz,
  error json,
  attempt_traceparent text,
  -- Of its last attempt.
  claim uuid,
  trace_epoch integer,
  -- The last thing that an operator did to it.
  operation json
);

-- The jobs that one call claimed from one queue, and their leases: one row for all of them. A job is
-- known by its place, which is open until its attempt is settled, cancelled or swept. The row goes with
-- the last one.
create table ${schema}.claims (
  token uuid primary key,
  claimed_at timestamptz not null,
  -- When the first lease expires, at the earliest.
  lapses_at timestamptz not null,
  -- How many places are open.
  open integer not null,
  -- Whether one of them has a past.
  has_past boolean not null,
  -- Its oldest and its newest job, to find the claim of a job by.
  first_sequence bigint not null,
  last_sequence bigint not null,
  -- Of workers.
  worker integer,
  queue_name text collate "C" not null,
  sequences bigint[] not null,
  run_ats timestamptz[] not null,
  -- By place; null while all are open.
  is_open boolean[],
  -- By place. Null until the first extension: each lease expires at lapses_at, and no attempt is known
  -- to have begun.
  leased_until timestamptz[],
  have_begun boolean[]
) with (fillfactor = 50);
create index claims_lapsing on ${schema}.claims (lapses_at);
create index claims_sequences on ${schema}.claims (queue_name, last_sequence);

-- How each job has ended. Its key is what records an outcome once.
create table ${schema}.ended (
  sequence bigint primary key,
  id uuid not null,
  finished_at timestamptz not null,
  started_at timestamptz,
  -- Null: as it was enqueued.
  run_at timestamptz,
  -- Of the attempt that ended it.
  claim uuid,
  attempts smallint not null,
  -- Null: as it was enqueued.
  max_attempts smallint,
  -- Of the job whose end was the end of its trace; due until a worker has reported it. Infinity: it was
  -- alone in its trace, and nobody wanted to know.
  trace_epoch integer,
  trace_end_due timestamptz,
  -- Of workers: the one that ran it then.
  worker integer,
  -- For a job that is retried.
  is_suspect boolean,
  -- completed, failed or cancelled
  status text collate "C" not null,
  queue_name text collate "C" not null,
  result json,
  error json,
  attempt_traceparent text,
  result_bytes integer,
  operation json
);
-- Each row is in one of the first two: for retention, and to count what ended lately.
create index ended_finished on ${schema}.ended (queue_name, finished_at) where status = 'completed';
create index ended_failed_finished on ${schema}.ended (queue_name, status, finished_at)
  where status in ('failed', 'cancelled');
create index ended_failed on ${schema}.ended (status, sequence)
  where status in ('failed', 'cancelled');
-- Whether a new job's parent is cancelled: one look in a small index.
create unique index ended_cancelled on ${schema}.ended (id) where status = 'cancelled';
-- Jobs that were cancelled because of a job that they depend on, by that job.
create index ended_cancelled_for on ${schema}.ended (${cancelledFor("ended")})
  where ${cancelledFor("ended")} is not null;
create index ended_trace_end_due on ${schema}.ended (trace_end_due, sequence)
  where trace_end_due < 'infinity';

-- What somebody has asked for lately. The end of a trace that nobody wants costs no entry in an index.
create table ${schema}.interests (
  topic text collate "C" primary key,
  -- Unless it is renewed.
  ends_at timestamptz not null
);

-- Attempts that did not complete their job.
create table ${schema}.attempts (
  id bigint generated always as identity primary key,
  job_id uuid not null,
  attempt smallint not null,
  outcome text not null,
  started_at timestamptz not null,
  finished_at timestamptz not null,
  error json,
  traceparent text,
  worker integer
);
create index attempts_job on ${schema}.attempts (job_id, id);

-- Jobs by the traces that attempts of them ran in, where those are not their own.
create table ${schema}.attempt_traces (
  trace_id uuid not null,
  job_id uuid not null,
  primary key (trace_id, job_id)
);
create index attempt_traces_job on ${schema}.attempt_traces (job_id);

-- Which job depends on which, until the dependent has ended. A job with one that is not over is blocked.
create table ${schema}.dependencies (
  dependency bigint not null,
  dependent bigint not null,
  is_over boolean not null default false,
  -- Of two transactions that did not see each other, one that adds a dependent and one that ends its
  -- dependency, this is what remains to be looked at again.
  added_in xid8 not null default pg_current_xact_id(),
  primary key (dependency, dependent)
);
create index dependencies_dependent on ${schema}.dependencies (dependent, is_over);
-- Its condition is written otherwise than in questions about single jobs: none of them walks it.
create index dependencies_added on ${schema}.dependencies (added_in) where is_over < true;

-- Jobs that were cancelled with their descendants: transactions that were open then may add more of them.
create table ${schema}.cancelled_trees (
  root_id uuid primary key,
  reason json not null,
  operation json,
  -- Once these are over, none can come any more; null before the first look.
  open_below xid8
);
${views(schema)}
-- Empties the files of tables that rows only pass through, where one has grown beyond so many bytes and
-- holds no job at this moment. Vacuum gives back no pages of an index, and while an older transaction is
-- open none of a table either. A table that anybody else uses now is left for the next time.
create function ${schema}.truncate_emptied(most_bytes bigint) returns void
language plpgsql ${interpreted} as $$
declare
  emptied regclass;
  is_empty boolean;
begin
  foreach emptied in array array[${passages(schema)}]::regclass[] loop
    continue when pg_total_relation_size(emptied) <= most_bytes;
    begin
      execute format('lock table %s in access exclusive mode nowait', emptied);
      execute format('select not exists (select from %s)', emptied) into is_empty;
      if is_empty then execute format('truncate %s', emptied); end if;
    exception when lock_not_available or insufficient_privilege then null;
    end;
  end loop;
end $$;
`;
}

function passages(schema: string): string {
  return ["ready", "waiting", "progress", "dependencies", "claims"]
    .map((table) => quotedText(`${schema}.${table}`)).join(", ");
}

/** The claim that holds a job, as a row `c` with the job's `place`: a lateral subquery. */
export function holdingClaim(schema: string, queueName: string, sequence: string): string {
  // By index come the claims that may hold it, newest jobs first are the likely ones.
  return `(select c.*, held.place
    from ${schema}.claims c, lateral (
      select array_position(c.sequences, ${sequence}) as place offset 0) held
    where c.queue_name = ${queueName} and c.last_sequence >= ${sequence}
      and c.first_sequence <= ${sequence} and held.place is not null
      and c.is_open[held.place] is not false
    order by c.last_sequence limit 1)`;
}

/** The name of a worker by its number: a subquery. */
export function workerName(schema: string, worker: string): string {
  return `(select w.name from ${schema}.workers w where w.id = ${worker})`;
}

/** How the columns of a job in a view are read. What is not given does not apply. */
interface ViewColumns {
  readonly status: string;
  readonly sequence?: string;
  readonly queueName?: string;
  readonly attempts?: string;
  readonly releases?: string;
  readonly snoozes?: string;
  readonly maxAttempts?: string;
  readonly runAt?: string;
  readonly startedAt?: string;
  readonly finishedAt?: string;
  readonly result?: string;
  readonly error?: string;
  readonly attemptTraceparent?: string;
  readonly resultBytes?: string;
  readonly operation?: string;
  readonly worker?: string;
}

function viewColumns(schema: string, columns: ViewColumns): string {
  const { attempts = "0", releases = "0", snoozes = "0" } = columns;
  const { maxAttempts = "e.max_attempts" } = columns;
  return `${columns.sequence ?? "e.sequence"}, e.id, ${
    columns.queueName ?? "e.queue_name"
  }, ${columns.status} as status, e.payload, e.priority,
    (${attempts})::smallint as attempts, (${releases})::smallint as releases,
    (${snoozes})::smallint as snoozes,
    (${maxAttempts})::smallint as max_attempts, e.backoff, e.timeout_ms, e.idempotency_key,
    e.depends_on, e.on_dependency_failure, e.trace_id, e.correlation_id, e.parent_id,
    e.traceparent, e.tracestate, e.baggage, e.propagation, e.created_at,
    ${columns.runAt ?? "e.run_at"} as run_at,
    ${columns.startedAt ?? "null::timestamptz"} as started_at,
    ${columns.finishedAt ?? "null::timestamptz"} as finished_at,
    ${columns.result ?? "null::json"} as result, ${columns.error ?? "null::json"} as error,
    ${columns.attemptTraceparent ?? "null::text"} as attempt_traceparent, e.payload_bytes,
    ${columns.resultBytes ?? "null::integer"} as result_bytes,
    ${columns.worker ? workerName(schema, columns.worker) : "null::text"} as worker_name,
    ${columns.operation ?? "null::json"} as operation`;
}

const ofProgress = {
  attempts: "coalesce(p.attempts, 0)",
  releases: "coalesce(p.releases, 0)",
  snoozes: "coalesce(p.snoozes, 0)",
  maxAttempts: "coalesce(p.max_attempts, e.max_attempts)",
  startedAt: "p.started_at",
  error: "p.error",
  attemptTraceparent: "p.attempt_traceparent",
  operation: "p.operation",
} as const;

const ofEnded = {
  attempts: "d.attempts",
  maxAttempts: "coalesce(d.max_attempts, e.max_attempts)",
  runAt: "coalesce(d.run_at, e.run_at)",
  startedAt: "d.started_at",
  finishedAt: "d.finished_at",
  result: "d.result",
  error: "d.error",
  attemptTraceparent: "d.attempt_traceparent",
  resultBytes: "d.result_bytes",
  operation: "d.operation",
  worker: "d.worker",
} as const;

/** For reading: jobs by the place where they are, and all. */
function views(schema: string): string {
  const progress = (sequence: string, hasPast: string) =>
    `left join lateral (select * from ${schema}.progress p where p.sequence = ${sequence}
      and ${hasPast}) p on true`;
  const all = {
    status:
      `coalesce(d.status, w.kind, case when r.sequence is not null then 'ready' else 'running' end)`,
    attempts: "coalesce(d.attempts, coalesce(p.attempts, 0) + (c.token is not null)::integer)",
    releases: "coalesce(p.releases, 0)",
    snoozes: "coalesce(p.snoozes, 0)",
    maxAttempts: "coalesce(d.max_attempts, p.max_attempts, e.max_attempts)",
    runAt: "coalesce(d.run_at, w.run_at, r.run_at, c.run_ats[c.place], e.run_at)",
    startedAt: "coalesce(d.started_at, c.claimed_at, p.started_at)",
    finishedAt: "d.finished_at",
    result: "d.result",
    error: "case when d.sequence is not null then d.error else p.error end",
    attemptTraceparent: "case when d.sequence is not null then d.attempt_traceparent " +
      "else p.attempt_traceparent end",
    resultBytes: "d.result_bytes",
    operation: "case when d.sequence is not null then d.operation else p.operation end",
    worker: "coalesce(d.worker, c.worker)",
  };
  return `
create view ${schema}.jobs_ready as
  select ${
    viewColumns(schema, {
      status: "'ready'::text",
      queueName: "r.queue_name",
      ...ofProgress,
      runAt: "r.run_at",
    })
  }
  from ${schema}.ready r join ${schema}.enqueued e on e.sequence = r.sequence
      and e.queue_name = r.queue_name
    ${progress("r.sequence", "r.has_past")};
create view ${schema}.jobs_waiting as
  select ${
    viewColumns(schema, {
      status: "w.kind",
      queueName: "w.queue_name",
      ...ofProgress,
      runAt: "w.run_at",
    })
  }
  from ${schema}.waiting w join ${schema}.enqueued e on e.sequence = w.sequence
      and e.queue_name = w.queue_name
    ${progress("w.sequence", "w.has_past")};
create view ${schema}.jobs_running as
  select ${
    viewColumns(schema, {
      status: "'running'::text",
      sequence: "x.sequence",
      queueName: "x.queue_name",
      ...ofProgress,
      attempts: "coalesce(p.attempts, 0) + 1",
      runAt: "x.run_at",
      startedAt: "x.claimed_at",
      worker: "x.worker",
    })
  }
  from (
      -- In order before they are looked up one by one: of many that run a page is wanted.
      select c.queue_name, c.claimed_at, c.has_past, c.worker, u.sequence, u.run_at
      from ${schema}.claims c, unnest(c.sequences, c.run_ats, c.is_open) u (sequence, run_at, is_open)
      where u.is_open is not false order by u.sequence desc) x,
    lateral (select * from ${schema}.enqueued e where e.sequence = x.sequence offset 0) e
    ${progress("x.sequence", "x.has_past")};
create view ${schema}.jobs_ended as
  select ${viewColumns(schema, { status: "d.status", ...ofEnded })}
  from ${schema}.ended d join ${schema}.enqueued e on e.sequence = d.sequence;
create view ${schema}.jobs as
  select ${viewColumns(schema, all)}
  from ${schema}.enqueued e
    left join ${schema}.ended d on d.sequence = e.sequence
    -- What was found is not looked for elsewhere: with an offset each look is one of its own, or none.
    left join lateral (select * from ${schema}.waiting w
      where w.sequence = e.sequence and d.sequence is null offset 0) w on true
    left join lateral (select * from ${schema}.ready r
      where r.sequence = e.sequence and d.sequence is null and w.sequence is null offset 0) r on true
    left join lateral (select * from ${holdingClaim(schema, "e.queue_name", "e.sequence")} c
      where d.sequence is null and w.sequence is null and r.sequence is null offset 0) c on true
    left join lateral (select * from ${schema}.progress p where p.sequence = e.sequence
      and coalesce(w.has_past, r.has_past, c.has_past) offset 0) p on true;
`;
}
