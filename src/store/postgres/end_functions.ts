/**
 * What comes with the end of a job inside the server: those that waited for it, and the end of its
 * trace.
 *
 * @module
 */
import { mostLinks } from "../store.ts";
import { byIndex } from "./function_settings.ts";

/** What stays of a job's row when it moves between `live` and `ended`. */
export const movedColumns: string = "sequence, id, trace_id, queue_name, run_at, attempts, " +
  "max_attempts, started_at, trace_epoch, is_suspect";

/** The functions of ends. `schema` is a quoted name. */
export function endFunctions(schema: string): string {
  // Of the trace x. Its oldest job and its newest are the likely ones: most often one look is enough.
  // A limit keeps each of them a look by index; as an EXISTS the planner may read the whole table.
  const look = (at: string) =>
    `(select true from (select id from ${schema}.enqueued where trace_id = x ${at}) e ` +
    `join ${schema}.live l on l.id = e.id limit 1)`;
  const unfinished = `case when ${look("order by sequence limit 1")} then true ` +
    `when ${look("order by sequence desc limit 1")} then true ` +
    `else coalesce(${look("offset 0")}, false) end`;
  return `
create function ${schema}.dependency_error(id uuid, status text) returns json
language sql immutable as $$
  select json_build_object('name', 'JobCancelledError', 'message', 'Its dependency ' || id || ' '
    || case status when 'cancelled' then 'was cancelled' else status end, 'dependencyId', id)
$$;

-- Frees, or cancels, those that waited for jobs that have ended, level by level. Returns the queues
-- in which something became ready, and who was cancelled.
create function ${schema}.end_jobs(
  done uuid[], t timestamptz, out woken text[], out cancelled_ids uuid[]
) language plpgsql ${byIndex} as $$
declare
  waiting uuid[];
  freed text[];
begin
  woken := '{}';
  cancelled_ids := '{}';
  while done is not null loop
    -- Locked before their rows go, so that the last of several dependencies sees that it is the last.
    select array_agg(l.id) filter (where l.status = 'blocked') into waiting from (
      select l.id, l.status from ${schema}.live l where l.id = any(array(
        select d.job_id from ${schema}.dependencies d where d.dependency_id = any(done)))
      order by l.id for update) l;
    exit when waiting is null;
    with gone as (
      delete from ${schema}.dependencies w
      using ${schema}.enqueued e join ${schema}.ended d on d.sequence = e.sequence
      where w.dependency_id = any(done) and e.id = w.dependency_id
      returning w.job_id, w.dependency_id, d.status
    ), failed as (
      -- Of several, the one that the job names first.
      select distinct on (job_id) job_id, dependency_id, status from gone
      where status <> 'completed'
      order by job_id, (select array_position(e.depends_on, dependency_id)
        from ${schema}.enqueued e where e.id = job_id)
    ), cancelled as (
      delete from ${schema}.live l using failed f join ${schema}.enqueued e on e.id = f.job_id
      where l.id = f.job_id and l.id = any(waiting) and e.on_dependency_failure = 'cancel'
      returning l.*, ${schema}.dependency_error(f.dependency_id, f.status) as reason
    ), moved as (
      insert into ${schema}.ended as d (${movedColumns}, status, finished_at, error)
      select ${movedColumns}, 'cancelled', t, reason from cancelled
      returning d.id
    )
    select array_agg(id) into done from moved;
    delete from ${schema}.dependencies d where d.job_id = any(done);
    cancelled_ids := cancelled_ids || coalesce(done, '{}');
    with free as (
      update ${schema}.live l set status = case when l.run_at <= t then 'ready' else 'scheduled' end,
        run_at = greatest(l.run_at, t)
      where l.id = any(waiting)
        and not exists (select from ${schema}.dependencies d where d.job_id = l.id)
      returning l.queue_name
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
create function ${schema}.end_traces(done uuid[], t timestamptz, waits boolean) returns void
language plpgsql ${byIndex} as $$
declare
  traces uuid[];
  last bigint[];
  busy uuid[];
begin
  select array_agg(l.trace_id), array_agg(l.sequence) into traces, last from (
    select e.trace_id, max(e.sequence) as sequence from unnest(done) x(id), lateral (
      select trace_id, sequence from ${schema}.enqueued where id = x.id offset 0) e
    group by e.trace_id) l;
  busy := array(select x from unnest(traces) x where ${unfinished});
  if waits and busy <> '{}' then
    perform pg_advisory_xact_lock(hashtext('hammerwork.end_traces'), l.key)
      from (select distinct hashtext(x::text) & 2047 as key from unnest(traces) x order by 1) l;
    -- A statement of its own: it sees what was committed while this one waited.
    busy := array(select x from unnest(traces) x where ${unfinished});
  end if;
  update ${schema}.ended d set trace_end_due = t, trace_epoch = 1 + coalesce((
    select max(before.trace_epoch) from ${schema}.enqueued e
      join ${schema}.ended before on before.sequence = e.sequence
    where e.trace_id = d.trace_id), 0)
  from unnest(traces, last) l(trace_id, sequence)
  where d.sequence = l.sequence and l.trace_id <> all(busy);
end $$;

-- The contexts that a job links to: of its dependencies' last attempts, else of their creation.
create function ${schema}.dependency_contexts(depends_on uuid[]) returns text[]
language sql stable ${byIndex} as $$
  select array_agg(j.traceparent order by w.n)
  from unnest(depends_on[1:${mostLinks}]) with ordinality w(id, n), lateral (
    select coalesce(d.attempt_traceparent, l.attempt_traceparent, e.traceparent) as traceparent
    from ${schema}.enqueued e
      left join ${schema}.ended d on d.sequence = e.sequence
      left join ${schema}.live l on l.id = e.id
    where e.id = w.id offset 0) j
  where j.traceparent is not null
$$;
`;
}
