/**
 * The tables of the Postgres store, as plain SQL.
 *
 * @module
 */

/** The first version's tables. `schema` is a quoted name. */
export function tables(schema: string): string {
  return `
create table ${schema}.jobs (
  sequence bigint generated always as identity primary key,
  id uuid not null unique,
  queue_name text not null,
  status text not null check (status in ('scheduled', 'blocked', 'ready', 'running', 'retrying',
    'completed', 'failed', 'cancelled')),
  payload json not null,
  priority smallint not null default 0,
  attempts smallint not null default 0,
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
  started_at timestamptz,
  finished_at timestamptz,
  result json,
  error json,
  attempt_traceparent text,
  lease_token uuid,
  leased_until timestamptz,
  -- Of the job whose end was the end of its trace; due until somebody has told of it.
  trace_epoch integer,
  trace_end_due timestamptz
) with (fillfactor = 90);

-- Each of these holds only the jobs that its question is about, so that what waits for its time or
-- has ended costs a claim nothing. The order of the first is the order of claiming.
create index jobs_ready on ${schema}.jobs (queue_name, priority desc, run_at, sequence)
  where status = 'ready';
create index jobs_due on ${schema}.jobs (queue_name, run_at)
  where status in ('scheduled', 'retrying');
create index jobs_leased on ${schema}.jobs (leased_until) where status = 'running';
create index jobs_blocked on ${schema}.jobs (sequence) where status = 'blocked';
create index jobs_ended on ${schema}.jobs (finished_at) where finished_at is not null;
create index jobs_trace_end_due on ${schema}.jobs (trace_end_due, sequence)
  where trace_end_due is not null;
create unique index jobs_key on ${schema}.jobs (queue_name, idempotency_key)
  where idempotency_key is not null;

-- For lookup, newest first. None of them changes while a job runs and completes.
create index jobs_queue on ${schema}.jobs (queue_name, sequence);
create index jobs_trace on ${schema}.jobs (trace_id, sequence);
create index jobs_correlation on ${schema}.jobs (correlation_id, sequence)
  where correlation_id is not null;
create index jobs_parent on ${schema}.jobs (parent_id, sequence) where parent_id is not null;
create index jobs_failed on ${schema}.jobs (status, sequence)
  where status in ('failed', 'cancelled');
create index jobs_created on ${schema}.jobs using brin (created_at);

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

-- Who waits for whom. A row goes when the dependency ends: a job with rows left is blocked.
create table ${schema}.dependencies (
  dependency_id uuid not null,
  job_id uuid not null,
  primary key (dependency_id, job_id)
);
create index dependencies_job on ${schema}.dependencies (job_id);
`;
}
