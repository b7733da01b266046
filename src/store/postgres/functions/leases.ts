/**
 * Sweeping expired leases inside the server, in one statement.
 *
 * @module
 */
import {
  defaultBackoff,
  defaultJitter,
  longestBackoffMs,
  longestDelayMs,
} from "../../../job/backoff.ts";
import { movedColumns } from "./end.ts";
import { pinned, readCommitted } from "./settings.ts";

/** The functions of a sweep. `schema` is a quoted name. */
export function leaseFunctions(schema: string): string {
  return `
-- The wait in ms after the given attempt by a job's own back-off rule, else by the default one.
create function ${schema}.backoff_ms(rule jsonb, attempt integer) returns float8
language sql volatile as $$
  select greatest(0, least(${longestDelayMs}, round(case r ->> 'type'
    when 'fixed' then (r ->> 'delayMs')::float8
    when 'linear' then least((r ->> 'delayMs')::float8 * attempt, (r ->> 'maxMs')::float8)
    else least((r ->> 'delayMs')::float8 * 2 ^ least(attempt - 1, 60),
        coalesce((r ->> 'maxMs')::float8, ${longestBackoffMs}))
      * (1 - coalesce((r ->> 'jitter')::float8, ${defaultJitter}) * random()) end)))
  from (select coalesce(rule, '${JSON.stringify(defaultBackoff)}') as r) x
$$;

-- Takes back the jobs whose lease has expired, or the one of them with an id. Returns them as they are
-- stored then, each with the attempt that was lost: none where it is certain that none had begun.
create function ${schema}.sweep(
  most integer, at timestamptz default null, only_id uuid default null
)
returns table (job ${schema}.jobs, lost_attempt smallint, swept_at timestamptz, ready_queues text[])
language plpgsql ${pinned} as $$
declare
  t timestamptz := coalesce(at, date_trunc('milliseconds', clock_timestamp()));
  reason json := json_build_object('name', 'LeaseLostError', 'message',
    'The worker neither settled the job nor extended its lease in time');
  swept ${schema}.live[];
  ids uuid[];
  freed text[];
  also_freed text[];
  done uuid[];
  cancelled uuid[];
begin
  ${readCommitted}
  swept := array(select l from ${schema}.live l where status = 'running' and leased_until < t
      and l.id = coalesce(only_id, l.id)
    order by leased_until limit most for update skip locked);
  ids := array(select s.id from unnest(swept) s);
  insert into ${schema}.attempts (job_id, attempt, outcome, started_at, finished_at, error)
  select s.id, s.attempts, 'lease_expired', s.started_at, t, reason
  from unnest(swept) s where s.has_begun or s.is_suspect is null;
  with free as (
    update ${schema}.live l set
      status = case when s.has_begun then 'retrying' else 'ready' end,
      attempts = l.attempts - (s.has_begun is null)::integer,
      is_suspect = case when s.has_begun then s.is_suspect else true end,
      releases = case when s.has_begun is null then l.releases end,
      run_at = case when s.has_begun then t + interval '1 ms' * ${schema}.backoff_ms((
          select e.backoff::jsonb from ${schema}.enqueued e where e.sequence = s.sequence),
          s.attempts)
        else l.run_at end,
      error = case when s.has_begun or s.is_suspect is null then reason else l.error end,
      attempt_traceparent = case when s.has_begun is null and s.is_suspect
        then l.attempt_traceparent end,
      lease_token = null, leased_until = null
    from unnest(swept) s
    where l.id = s.id and (s.has_begun is null or s.attempts < s.max_attempts)
    returning l.queue_name
  )
  select coalesce(array_agg(distinct queue_name), '{}') into freed from free;
  with gone as (
    delete from ${schema}.live l
    where l.id = any(ids) and l.status = 'running'
    returning l.*
  ), moved as (
    insert into ${schema}.ended as d (${movedColumns}, status, finished_at, error)
    select ${movedColumns}, 'failed', t, reason from gone
    returning d.id
  )
  select array_agg(id) into done from moved;
  if done is not null then
    select e.ready_queues, e.cancelled_ids into also_freed, cancelled from ${schema}.end_jobs(done, t) e;
    freed := freed || also_freed;
    perform ${schema}.end_traces(done || cancelled, t, true);
  end if;
  return query select j,
    case when s.has_begun or s.is_suspect is null then s.attempts end, t, freed
  from unnest(swept) s join ${schema}.jobs j on j.id = s.id;
end $$;
`;
}
