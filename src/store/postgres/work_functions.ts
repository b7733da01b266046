/**
 * Working inside the server beside the turns: a cancellation, a retry and a sweep, one statement each.
 *
 * @module
 */
import { mostAttempts } from "../../job/job_options.ts";
import { pinned, readCommitted } from "./function_settings.ts";

/** The functions that move jobs which nobody settles. `schema` is a quoted name. */
export function workFunctions(schema: string): string {
  return `
-- Cancels a job that has not ended. Returns the job as it stands, or nothing.
create function ${schema}.cancel_job(job_id uuid, reason json, at timestamptz default null)
returns table (job ${schema}.jobs, woken text[])
language plpgsql as $$
declare
  t timestamptz := coalesce(at, date_trunc('milliseconds', clock_timestamp()));
  cancelled uuid[];
begin
  ${readCommitted}
  select * into job from ${schema}.jobs j where j.id = cancel_job.job_id for update;
  if not found then return; end if;
  woken := '{}';
  if job.finished_at is null then
    if job.status = 'running' then
      insert into ${schema}.attempts (job_id, attempt, outcome, started_at, finished_at, error)
      values (job.id, job.attempts, 'cancelled', job.started_at, t, reason);
    end if;
    update ${schema}.jobs j set status = 'cancelled', finished_at = t, error = reason,
      lease_token = null, leased_until = null,
      -- Of an attempt that nobody settles the span is not known, and an older one's would mislead.
      attempt_traceparent = case when job.status = 'running' then null
        else j.attempt_traceparent end
    where j.id = job.id returning * into job;
    delete from ${schema}.dependencies d where d.job_id = job.id;
    select e.woken, e.cancelled_ids into woken, cancelled
      from ${schema}.end_jobs(array[job.id], t) e;
    perform ${schema}.end_traces(cancelled || job.id, t, true);
  end if;
  return next;
end $$;

-- Makes a failed or cancelled job ready again, unless something it depends on has not ended. Returns
-- the job as it stands, or nothing. The end that it brought to its trace is not told any more.
create function ${schema}.retry_job(job_id uuid, at timestamptz default null)
returns table (job ${schema}.jobs, woken text[])
language plpgsql as $$
declare
  t timestamptz := coalesce(at, date_trunc('milliseconds', clock_timestamp()));
begin
  ${readCommitted}
  select * into job from ${schema}.jobs j where j.id = retry_job.job_id for update;
  if not found then return; end if;
  woken := '{}';
  if job.status in ('failed', 'cancelled') and job.attempts < ${mostAttempts} and not exists (
    select 1 from ${schema}.jobs d where d.id = any(job.depends_on) and d.finished_at is null)
  then
    update ${schema}.jobs j set status = 'ready', run_at = t, finished_at = null,
      max_attempts = greatest(j.max_attempts, j.attempts + 1), trace_end_due = null
    where j.id = job.id returning * into job;
    woken := array[job.queue_name];
  end if;
  return next;
end $$;

-- Takes back the jobs whose lease has expired. Returns them as they stand then.
create function ${schema}.sweep(most integer, at timestamptz default null)
returns table (job ${schema}.jobs, woken text[])
language plpgsql ${pinned} as $$
declare
  t timestamptz := coalesce(at, date_trunc('milliseconds', clock_timestamp()));
  reason json := json_build_object('name', 'LeaseLostError', 'message',
    'The worker neither settled the job nor extended its lease in time');
  swept bigint[];
  freed text[];
  also_freed text[];
  ended uuid[];
  cancelled uuid[];
begin
  ${readCommitted}
  with expired as (
    select sequence from ${schema}.jobs where status = 'running' and leased_until < t
    order by leased_until limit most for update skip locked
  ), taken as (
    update ${schema}.jobs j set
      status = case when j.attempts >= j.max_attempts then 'failed' else 'ready' end,
      finished_at = case when j.attempts >= j.max_attempts then t end,
      error = reason, lease_token = null, leased_until = null, attempt_traceparent = null
    where j.sequence in (select sequence from expired)
    returning j.sequence, j.id, j.status, j.queue_name, j.attempts, j.started_at
  ), remembered as (
    insert into ${schema}.attempts (job_id, attempt, outcome, started_at, finished_at, error)
    select id, attempts, 'lease_expired', started_at, t, reason from taken
  )
  select array_agg(sequence), array_agg(distinct queue_name) filter (where status = 'ready'),
    array_agg(id) filter (where status = 'failed')
  into swept, freed, ended from taken;
  freed := coalesce(freed, '{}');
  if ended is not null then
    select e.woken, e.cancelled_ids into also_freed, cancelled from ${schema}.end_jobs(ended, t) e;
    freed := freed || also_freed;
    perform ${schema}.end_traces(ended || cancelled, t, true);
  end if;
  return query select j, freed from ${schema}.jobs j where j.sequence = any(swept);
end $$;
`;
}
