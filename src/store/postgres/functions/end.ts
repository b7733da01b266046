/**
 * What follows the end of a job inside the server: for the jobs that waited for it, and for its trace.
 *
 * Locks are taken in one order, here and in every other statement of the store, so that no two wait for
 * each other: first claims, by token; then jobs that are ready, by sequence; then those that wait, first
 * the ones that are not blocked, then blocked ones, level by level, and a dependent is younger than its
 * dependencies; then ended ones, by sequence; last the traces, by key. What need not be had now (a claim,
 * a sweep, a heartbeat, retention) skips what is locked. An enqueue locks no job at all: a caller's
 * transaction may stay open for long. Where the order cannot be kept, as with the keys of a caller's
 * enqueues, the server ends the deadlock and the statement is run again.
 *
 * @module
 */
import { mostLinks } from "../../store.ts";
import { byIndex, readCommitted } from "./settings.ts";

/** The functions of ends. `schema` is a quoted name. */
export function endFunctions(schema: string): string {
  // Of the trace x. Its newest job and its oldest are the likely ones: most often one look is enough.
  // A limit keeps each of them a look by index; as an EXISTS the planner may read the whole table.
  const look = (at: string) =>
    `(select true from (select sequence from ${schema}.enqueued where trace_id = x ${at}) e ` +
    `where not exists (select from ${schema}.ended d where d.sequence = e.sequence offset 0) limit 1)`;
  const unfinished = `case when ${look("order by sequence desc limit 1")} then true ` +
    `when ${look("order by sequence limit 1")} then true ` +
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
  done bigint[], t timestamptz, out ready_queues text[], out cancelled bigint[]
) language plpgsql ${byIndex} as $$
declare
  ended_ones bigint[];
  waiting_ones bigint[];
  freed text[];
begin
  ready_queues := '{}';
  cancelled := '{}';
  while done is not null loop
    -- Locked before their rows are over, so that the last of several dependencies sees that it is the
    -- last. Each with the one that it waited for.
    select array_agg(l.dependency), array_agg(l.sequence) into ended_ones, waiting_ones from (
      select d.dependency, w.sequence from unnest(done) x(sequence), lateral (
          -- The offset keeps this a look by the key.
          select dependency, dependent, is_over from ${schema}.dependencies
          where dependency = x.sequence offset 0) d
        join ${schema}.waiting w on w.sequence = d.dependent
      where not d.is_over
      order by w.sequence for update of w) l;
    exit when waiting_ones is null;
    with over as (
      -- Of those that are locked: one that came in since then is freed as a late one.
      update ${schema}.dependencies d set is_over = true
      from unnest(ended_ones, waiting_ones) l(dependency, dependent), lateral (
        -- One that is not stored any more was removed before the job that waits for it was seen.
        select e.id, coalesce(e.status, 'removed') as status
        from (select l.dependency as sequence) x left join lateral (
          select id, status from ${schema}.ended where sequence = x.sequence offset 0) e on true
        where e.id is not null
          or not exists (select from ${schema}.enqueued where sequence = x.sequence offset 0)) o
      where d.dependency = l.dependency and d.dependent = l.dependent and not d.is_over
      returning d.dependent, o.id as dependency_id, o.status
    ), failed as (
      -- Of several, the one that the job names first.
      select distinct on (o.dependent) o.dependent, o.status, e.id, e.queue_name, e.run_at,
        e.max_attempts, n.dependency_id
      from over o, lateral (
        select * from ${schema}.enqueued e where e.sequence = o.dependent offset 0) e, lateral (
        select coalesce(o.dependency_id, (
          select y.id from unnest(e.depends_on) with ordinality y(id, n)
          where not exists (select from ${schema}.enqueued r where r.id = y.id)
          order by y.n limit 1)) as dependency_id) n
      where o.status <> 'completed' and e.on_dependency_failure = 'cancel'
      order by o.dependent, array_position(e.depends_on, n.dependency_id)
    ), gone as (
      delete from ${schema}.waiting w using failed f where w.sequence = f.dependent
      returning w.run_at as waited_until, f.*
    ), moved as (
      insert into ${schema}.ended as d (sequence, id, queue_name, status, run_at, attempts,
        max_attempts, started_at, finished_at, error, trace_epoch, is_suspect)
      select g.dependent, g.id, g.queue_name, 'cancelled', nullif(g.waited_until, g.run_at),
        coalesce(p.attempts, 0), nullif(p.max_attempts, g.max_attempts), p.started_at, t,
        ${schema}.dependency_error(g.dependency_id, g.status), p.trace_epoch,
        nullif(p.is_suspect, false)
      from gone g left join ${schema}.progress p on p.sequence = g.dependent
      returning d.sequence
    ), free as (
      -- This statement still sees those that it has just set to be over.
      select w.sequence, w.queue_name, w.run_at, w.rank from (
          select dependent, count(*) as count from over
          where dependent not in (select dependent from failed) group by dependent) o,
        lateral (select * from ${schema}.waiting w where w.sequence = o.dependent offset 0) w
      where (select count(*) from (select from ${schema}.dependencies d
        where d.dependent = o.dependent and not d.is_over limit o.count + 1) d) = o.count
    ), due as (
      delete from ${schema}.waiting w using free f where w.sequence = f.sequence and f.run_at <= t
      returning f.*
    ), placed as (
      insert into ${schema}.ready (sequence, queue_name, rank, run_at, has_past)
      select sequence, queue_name, rank, t, true from due
    ), postponed as (
      update ${schema}.waiting w set kind = 'scheduled'
      from free f where w.sequence = f.sequence and f.run_at > t
    )
    select (select array_agg(sequence) from moved),
      (select array_agg(distinct queue_name) from free)
    into done, freed;
    ready_queues := ready_queues || coalesce(freed, '{}');
    if done is not null then
      delete from ${schema}.progress where sequence = any(done);
      delete from ${schema}.dependencies where dependent = any(done);
      cancelled := cancelled || done;
    end if;
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
  done bigint[];
  cancelled bigint[];
  looked integer;
begin
  ${readCommitted}
  ready_queues := '{}';
  select pg_snapshot_xmin(s), pg_snapshot_xmax(s) into xmin, xmax from pg_current_snapshot() s;
  select array_agg(distinct w.dependency) filter (where
      exists (select from ${schema}.ended d where d.sequence = w.dependency)
      or not exists (select from ${schema}.enqueued e where e.sequence = w.dependency)),
    count(*), (array_agg(w.added_in order by w.added_in desc))[1]
  into done, looked, reached
  from (
    select dependency, added_in from ${schema}.dependencies
    where not is_over and added_in >= added_from::xid8
    order by added_in fetch first most rows with ties
  ) w;
  if looked < most then reached := null; end if;
  if done is not null then
    select e.ready_queues, e.cancelled into ready_queues, cancelled from ${schema}.end_jobs(done, t) e;
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
create function ${schema}.end_traces(done bigint[], t timestamptz, waits boolean) returns void
language plpgsql ${byIndex} as $$
declare
  traces uuid[];
  last bigint[];
  busy uuid[];
begin
  select array_agg(l.trace_id), array_agg(l.sequence) into traces, last from (
    select e.trace_id, max(x.sequence) as sequence from unnest(done) x(sequence), lateral (
      select trace_id from ${schema}.enqueued where sequence = x.sequence offset 0) e
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
    where e.trace_id = l.trace_id), 0)
  from unnest(traces, last) l(trace_id, sequence)
  where d.sequence = l.sequence and l.trace_id <> all(busy);
end $$;

-- The contexts that a job links to: of its dependencies' last attempts, else of their creation.
create function ${schema}.dependency_contexts(depends_on uuid[]) returns text[]
language sql stable ${byIndex} as $$
  select array_agg(j.traceparent order by w.n)
  from unnest(depends_on[1:${mostLinks}]) with ordinality w(id, n), lateral (
    select coalesce(d.attempt_traceparent, p.attempt_traceparent, e.traceparent) as traceparent
    from ${schema}.enqueued e
      left join ${schema}.ended d on d.sequence = e.sequence
      left join ${schema}.progress p on p.sequence = e.sequence and d.sequence is null
    where e.id = w.id offset 0) j
  where j.traceparent is not null
$$;
`;
}
