/**
 * What follows the end of a job inside the server: for the jobs that waited for it, and for its trace.
 *
 * Locks are taken in one order, here and in every other statement of the store, so that no two wait for
 * each other: first jobs that are not blocked, by id; then blocked ones, by id, level by level, and a
 * dependent is younger than its dependencies; then ended ones, by sequence; last the traces, by key.
 * What need not be had now (a claim, a sweep, a heartbeat, retention) skips what is locked. An enqueue
 * locks no job at all: a caller's transaction may stay open for long. Where the order cannot be kept, as
 * with the keys of a caller's enqueues, the server ends the deadlock and the statement is run again.
 *
 * @module
 */
import { mostLinks } from "../../store.ts";
import { byIndex, readCommitted } from "./settings.ts";

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
    || case when status in ('cancelled', 'removed') then 'was ' || status else status end, 'dependencyId', id)
$$;

-- Frees, or cancels, those that waited for jobs that have ended, level by level. Returns the queues
-- in which something became ready, and which jobs were cancelled.
create function ${schema}.end_jobs(
  done uuid[], t timestamptz, out ready_queues text[], out cancelled_ids uuid[]
) language plpgsql ${byIndex} as $$
declare
  waiting uuid[];
  locked uuid[];
  freed text[];
begin
  ready_queues := '{}';
  cancelled_ids := '{}';
  while done is not null loop
    -- Locked before their rows go, so that the last of several dependencies sees that it is the last.
    select array_agg(l.id) filter (where l.status = 'blocked'), array_agg(l.id)
    into waiting, locked from (
      select l.id, l.status from ${schema}.live l where l.id = any(array(
        select d.job_id from ${schema}.dependencies d where d.dependency_id = any(done)))
      order by l.id for update) l;
    exit when waiting is null;
    with over as (
      -- One that is not stored any more was removed before the job that waits for it was seen.
      select x.id, coalesce(d.status, 'removed') as status from unnest(done) x(id)
        left join ${schema}.enqueued e on e.id = x.id
        left join ${schema}.ended d on d.sequence = e.sequence
      where e.id is null or d.sequence is not null
    ), gone as (
      -- Of those that are locked: one that came in since then is freed as a late one.
      delete from ${schema}.dependencies w using over o
      where w.dependency_id = o.id and w.job_id = any(locked)
      returning w.job_id, w.dependency_id, o.status
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
    ready_queues := ready_queues || coalesce(freed, '{}');
  end loop;
end $$;

-- Frees, or cancels, those that were added by transactions of added_from or later behind jobs that ended
-- at the same moment: neither of the two saw the other. Looks at the oldest of them, about as many as
-- most says. 'reached' is where the next look continues, null when this was the last. A transaction that
-- did not see them has an xid below xmax, and has ended once xmin is not below that.
create function ${schema}.free_late_dependents(
  added_from text, most integer, at timestamptz, out ready_queues text[], out reached text,
  out xmin text, out xmax text
) language plpgsql ${byIndex} as $$
declare
  t timestamptz := coalesce(at, date_trunc('milliseconds', clock_timestamp()));
  done uuid[];
  cancelled uuid[];
  looked integer;
begin
  ${readCommitted}
  ready_queues := '{}';
  select pg_snapshot_xmin(s), pg_snapshot_xmax(s) into xmin, xmax from pg_current_snapshot() s;
  select array_agg(distinct w.dependency_id) filter (where not exists (
      select from ${schema}.live l where l.id = w.dependency_id)),
    count(*), (array_agg(w.added_in order by w.added_in desc))[1]
  into done, looked, reached
  from (
    select dependency_id, added_in from ${schema}.dependencies
    where added_in >= added_from::xid8
    order by added_in fetch first most rows with ties
  ) w;
  if looked < most then reached := null; end if;
  if done is not null then
    select e.ready_queues, e.cancelled_ids into ready_queues, cancelled from ${schema}.end_jobs(done, t) e;
    if cancelled <> '{}' then
      perform ${schema}.end_traces(cancelled, t, true);
    end if;
  end if;
end $$;

-- Records the end of each trace of these jobs, which have just ended, that has no unfinished job left:
-- on the job that ended last. Two transactions that end the last two jobs of a trace at once each see
-- the other's as unfinished. So one that sees an unfinished job waits for those that ended some of the same
-- traces, and looks again, at all of them: while it waits, jobs come into a trace that was done. Two thousand
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
