/**
 * Working inside the server: a turn, a cancellation and a sweep are one statement each, so that no
 * transaction is ever held open between two messages and any pooler will do.
 *
 * @module
 */

// The claim keeps its plan whatever the planner's statistics say: ANALYZE may have seen one row.
const PINNED = "set enable_seqscan = off set enable_bitmapscan = off set enable_sort = off";
// A few rows are looked up by their ids; no statistics shall make that a pass over the table.
const BY_INDEX = "set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off";

// A claim promotes at most as many due jobs; the next one goes on.
const PROMOTED_AT_ONCE = 1_000;

// What waited for a lock must be seen: with one snapshot for all statements a job could stay blocked.
const READ_COMMITTED = `if current_setting('transaction_isolation') <> 'read committed' then
    raise exception using errcode = '25001', message = 'The transaction isolation must be read '
      'committed: got ' || current_setting('transaction_isolation');
  end if;`;

/** The functions that work. `schema` is a quoted name. */
export function workFunctions(schema: string): string {
  return `
create function ${schema}.dependency_error(id uuid, status text) returns json
language sql immutable as $$
  select json_build_object('name', 'JobCancelledError', 'message', 'Its dependency ' || id || ' '
    || case status when 'cancelled' then 'was cancelled' else status end)
$$;

-- Frees, or cancels, those that waited for jobs that have ended, level by level. Returns the queues
-- in which something became ready.
create function ${schema}.end_jobs(ended uuid[], t timestamptz) returns text[]
language plpgsql ${BY_INDEX} as $$
declare
  waiting uuid[];
  woken text[] := '{}';
  freed text[];
begin
  while ended is not null loop
    -- Locked before their rows go, so that the last of several dependencies sees that it is the last.
    select array_agg(l.id) filter (where l.status = 'blocked') into waiting from (
      select j.id, j.status from ${schema}.jobs j where j.id = any(array(
        select d.job_id from ${schema}.dependencies d where d.dependency_id = any(ended)))
      order by j.id for update) l;
    exit when waiting is null;
    with gone as (
      delete from ${schema}.dependencies d using ${schema}.jobs dependency
      where d.dependency_id = any(ended) and dependency.id = d.dependency_id
      returning d.job_id, d.dependency_id, dependency.status
    ), failed as (
      select distinct on (job_id) job_id, dependency_id, status from gone where status <> 'completed'
    ), cancelled as (
      update ${schema}.jobs j set status = 'cancelled', finished_at = t,
        error = ${schema}.dependency_error(failed.dependency_id, failed.status)
      from failed where j.id = failed.job_id and j.id = any(waiting)
        and j.on_dependency_failure = 'cancel'
      returning j.id
    )
    select array_agg(id) into ended from cancelled;
    delete from ${schema}.dependencies d where d.job_id = any(ended);
    with free as (
      update ${schema}.jobs j set status = case when j.run_at <= t then 'ready' else 'scheduled' end,
        run_at = greatest(j.run_at, t)
      where j.id = any(array(
          select w from unnest(waiting) w where w <> all(coalesce(ended, '{}'))))
        and not exists (select 1 from ${schema}.dependencies d where d.job_id = j.id)
      returning j.queue_name
    )
    select array_agg(distinct queue_name) into freed from free;
    woken := woken || coalesce(freed, '{}');
  end loop;
  return woken;
end $$;

-- One turn: records outcomes, then claims. The last row has the summary and no job. 'resent' says
-- that the answer to these settlements was lost, so one that is recorded already is no surprise.
create function ${schema}.exchange(
  settlements jsonb, claims jsonb, claim_token uuid, resent boolean, at timestamptz default null
) returns table (settled text[], woken text[], next_in_ms float8, has_expired boolean,
  job ${schema}.jobs, wait_ms float8)
language plpgsql ${PINNED} as $$
declare
  t timestamptz := coalesce(at, date_trunc('milliseconds', clock_timestamp()));
  states text[] := '{}';
  queues text[] := '{}';
  next_in float8;
  ended uuid[];
  claim record;
  promoted integer;
  taken integer;
  due timestamptz;
begin
  ${READ_COMMITTED}
  -- A crash of the server can lose the last outcomes, and their jobs run again; an enqueue is never
  -- lost. Local to this transaction, so a pooler's connection stays as it is.
  perform set_config('synchronous_commit', 'off', true);
  if settlements <> '[]' then
    with settlement as (
      select * from jsonb_to_recordset(settlements) as x (
        "ord" integer, "jobId" uuid, "leaseToken" text, "to" text, "started" boolean,
        "outcome" text, "error" text, "result" text, "delayMs" float8, "runMs" float8,
        "traceparent" text)
    ), recorded as (
      update ${schema}.jobs j set
        status = s."to",
        attempts = j.attempts - (s."to" = 'ready')::integer,
        run_at = case when s."to" = 'retrying' then t + s."delayMs" * interval '1 ms'
          else j.run_at end,
        started_at = case when s."started" then t - s."runMs" * interval '1 ms'
          else j.started_at end,
        finished_at = case when s."to" in ('completed', 'failed') then t end,
        result = s."result"::json,
        error = case when s."started" then s."error"::json else j.error end,
        attempt_traceparent = case when s."started" then s."traceparent"
          else j.attempt_traceparent end,
        leased_until = null
      from settlement s
      where j.id = s."jobId" and j.lease_token::text = s."leaseToken" and j.status = 'running'
      returning s."ord", s."to", s."started", s."outcome", s."error", s."traceparent", j.id,
        j.queue_name, j.attempts + (s."to" = 'ready')::integer as attempt, j.started_at
    ), remembered as (
      insert into ${schema}.attempts
        (job_id, attempt, outcome, started_at, finished_at, error, traceparent)
      select id, attempt, "outcome", started_at, t, "error"::json, "traceparent"
      from recorded where "to" <> 'completed' and "started"
    )
    select
      array_agg(case
        when r.id is not null then 'held'
        when resent and j.lease_token::text = s."leaseToken" and j.status <> 'running' then 'held'
        when j.status = 'cancelled' then 'cancelled'
        else 'lost' end order by s."ord"),
      array_agg(r.id) filter (where r."to" in ('completed', 'failed')),
      array_agg(distinct r.queue_name) filter (where r."to" in ('ready', 'retrying'))
    into states, ended, queues
    from settlement s
      left join recorded r on r."ord" = s."ord"
      left join ${schema}.jobs j on j.id = s."jobId";
    queues := coalesce(queues, '{}');
    if ended is not null
      and exists (select 1 from ${schema}.dependencies where dependency_id = any(ended))
    then
      queues := queues || ${schema}.end_jobs(ended, t);
    end if;
  end if;

  for claim in
    select * from jsonb_to_recordset(claims)
      as x ("queueName" text, "limit" integer, "leaseMs" float8)
  loop
    update ${schema}.jobs j set status = 'ready'
    where j.sequence = any(array(
      select sequence from ${schema}.jobs
      where queue_name = claim."queueName" and status in ('scheduled', 'retrying') and run_at <= t
      order by run_at limit ${PROMOTED_AT_ONCE} for update skip locked));
    get diagnostics promoted = row_count;
    return query
      update ${schema}.jobs j set status = 'running', attempts = j.attempts + 1, started_at = t,
        lease_token = claim_token, leased_until = t + claim."leaseMs" * interval '1 ms'
      where j.sequence = any(array(
        select sequence from ${schema}.jobs
        where queue_name = claim."queueName" and status = 'ready'
        order by priority desc, run_at, sequence limit claim."limit" for update skip locked))
      returning null::text[], null::text[], null::float8, null::boolean, j,
        date_part('epoch', t - j.run_at) * 1000;
    get diagnostics taken = row_count;
    if taken >= claim."limit" or promoted >= ${PROMOTED_AT_ONCE} then
      next_in := 0;
    else
      select run_at into due from ${schema}.jobs
        -- One that is due and still there is locked by another transaction: it is no reason to hurry.
        where queue_name = claim."queueName" and status in ('scheduled', 'retrying') and run_at > t
        order by run_at limit 1;
      if due is not null then
        next_in := least(next_in, greatest(0, date_part('epoch', due - t) * 1000));
      end if;
    end if;
  end loop;

  return query select states, queues, next_in,
    exists (select 1 from ${schema}.jobs where status = 'running' and leased_until < t),
    null::${schema}.jobs, null::float8;
end $$;

-- Cancels a job that has not ended. Returns the job as it stands, or nothing.
create function ${schema}.cancel_job(job_id uuid, reason json, at timestamptz default null)
returns table (job ${schema}.jobs, woken text[])
language plpgsql as $$
declare
  t timestamptz := coalesce(at, date_trunc('milliseconds', clock_timestamp()));
begin
  ${READ_COMMITTED}
  select * into job from ${schema}.jobs j where j.id = cancel_job.job_id for update;
  if not found then return; end if;
  woken := '{}';
  if job.finished_at is null then
    if job.status = 'running' then
      insert into ${schema}.attempts (job_id, attempt, outcome, started_at, finished_at, error)
      values (job.id, job.attempts, 'cancelled', job.started_at, t, reason);
    end if;
    update ${schema}.jobs j set status = 'cancelled', finished_at = t, error = reason,
      lease_token = null, leased_until = null
    where j.id = job.id returning * into job;
    delete from ${schema}.dependencies d where d.job_id = job.id;
    woken := ${schema}.end_jobs(array[job.id], t);
  end if;
  return next;
end $$;

-- Takes back the jobs whose lease has expired. Returns them as they stand then.
create function ${schema}.sweep(most integer, at timestamptz default null)
returns table (job ${schema}.jobs, woken text[])
language plpgsql ${PINNED} as $$
declare
  t timestamptz := coalesce(at, date_trunc('milliseconds', clock_timestamp()));
  reason json := json_build_object('name', 'LeaseLostError', 'message',
    'The worker neither settled the job nor extended its lease in time');
  swept bigint[];
  freed text[];
  ended uuid[];
begin
  ${READ_COMMITTED}
  with expired as (
    select sequence from ${schema}.jobs where status = 'running' and leased_until < t
    order by leased_until limit most for update skip locked
  ), taken as (
    update ${schema}.jobs j set
      status = case when j.attempts >= j.max_attempts then 'failed' else 'ready' end,
      finished_at = case when j.attempts >= j.max_attempts then t end,
      error = reason, lease_token = null, leased_until = null
    where j.sequence in (select sequence from expired)
    returning j.sequence, j.id, j.status, j.queue_name, j.attempts, j.started_at
  ), remembered as (
    insert into ${schema}.attempts (job_id, attempt, outcome, started_at, finished_at, error)
    select id, attempts, 'lease_expired', started_at, t, reason from taken
  )
  select array_agg(sequence), array_agg(distinct queue_name) filter (where status = 'ready'),
    array_agg(id) filter (where status = 'failed')
  into swept, freed, ended from taken;
  freed := coalesce(freed, '{}') || ${schema}.end_jobs(ended, t);
  return query select j, freed from ${schema}.jobs j where j.sequence = any(swept);
end $$;
`;
}
