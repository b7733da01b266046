/**
 * What comes with the end of a job inside the server: those that waited for it, and the end of its
 * trace.
 *
 * @module
 */
import { mostLinks } from "../store.ts";
import { byIndex } from "./function_settings.ts";

/** The functions of ends. `schema` is a quoted name. */
export function endFunctions(schema: string): string {
  // Of the trace x. Its oldest job and its newest are the likely ones: most often one look is enough.
  // A limit keeps each of them a look by index; as an EXISTS the planner may read the whole table.
  const look = (at: string) =>
    `(select true from (select finished_at from ${schema}.jobs where trace_id = x ${at}) j ` +
    "where finished_at is null limit 1)";
  const unfinished = `case when ${look("order by sequence limit 1")} then true ` +
    `when ${look("order by sequence desc limit 1")} then true ` +
    `else coalesce(${look("offset 0")}, false) end`;
  return `
create function ${schema}.dependency_error(id uuid, status text) returns json
language sql immutable as $$
  select json_build_object('name', 'JobCancelledError', 'message', 'Its dependency ' || id || ' '
    || case status when 'cancelled' then 'was cancelled' else status end)
$$;

-- Frees, or cancels, those that waited for jobs that have ended, level by level. Returns the queues
-- in which something became ready, and who was cancelled.
create function ${schema}.end_jobs(
  ended uuid[], t timestamptz, out woken text[], out cancelled_ids uuid[]
) language plpgsql ${byIndex} as $$
declare
  waiting uuid[];
  freed text[];
begin
  woken := '{}';
  cancelled_ids := '{}';
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
    cancelled_ids := cancelled_ids || coalesce(ended, '{}');
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
end $$;

-- Records the end of each trace of these jobs, which have just ended, that has no unfinished job left:
-- on the job that ended last. Two transactions that end the last two jobs of a trace at once each see
-- the other's as unfinished; so who sees one waits for those that ended some of the same traces, and
-- looks again, at all of them: while it waits, jobs come into a trace that was done. Two thousand
-- locks serve all traces: the server has room for so many, and they are the last that a transaction
-- takes.
create function ${schema}.end_traces(ended uuid[], t timestamptz, waits boolean) returns void
language plpgsql ${byIndex} as $$
declare
  traces uuid[];
  last_ids uuid[];
  busy uuid[];
begin
  select array_agg(l.trace_id), array_agg(l.id) into traces, last_ids from (
    select distinct on (j.trace_id) j.trace_id, e.id from unnest(ended) e(id), lateral (
      select trace_id, sequence from ${schema}.jobs where id = e.id offset 0) j
    order by j.trace_id, j.sequence desc) l;
  busy := array(select x from unnest(traces) x where ${unfinished});
  if waits and busy <> '{}' then
    perform pg_advisory_xact_lock(hashtext('hammerwork.end_traces'), l.key)
      from (select distinct hashtext(x::text) & 2047 as key from unnest(traces) x order by 1) l;
    -- A statement of its own: it sees what was committed while this one waited.
    busy := array(select x from unnest(traces) x where ${unfinished});
  end if;
  update ${schema}.jobs j set trace_end_due = t, trace_epoch = 1 + coalesce((
    select max(e.trace_epoch) from ${schema}.jobs e
    where e.trace_id = j.trace_id), 0)
  from unnest(traces, last_ids) l(trace_id, id)
  where j.id = l.id and l.trace_id <> all(busy);
end $$;

-- The contexts that a job links to: of its dependencies' last attempts, else of their creation.
create function ${schema}.dependency_contexts(depends_on uuid[]) returns text[]
language sql stable ${byIndex} as $$
  select array_agg(coalesce(j.attempt_traceparent, j.traceparent) order by d.n)
  from unnest(depends_on[1:${mostLinks}]) with ordinality d(id, n)
    join ${schema}.jobs j on j.id = d.id
  where coalesce(j.attempt_traceparent, j.traceparent) is not null
$$;
`;
}
