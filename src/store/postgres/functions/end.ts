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
import { byIndex, interpreted, readCommitted } from "./settings.ts";

/** The topic of those who want to know of the ends of traces, in `interests`. */
export const traceEndsTopic = "ends of traces";

/** Whether somebody wants to know of the ends of traces at the time `t`: a subquery. */
export function wantsTraceEnds(schema: string): string {
  return `(select ends_at > t from ${schema}.interests where topic = '${traceEndsTopic}')`;
}

/** The context of a job that another depends on: of its last attempt, else of its creation. A subquery. */
export function dependencyContext(schema: string, id: string): string {
  return `(
        select coalesce(last.attempt_traceparent, now.attempt_traceparent, c.traceparent)
        from (select sequence, traceparent from ${schema}.enqueued where id = ${id} offset 0) c
          left join lateral (select sequence, attempt_traceparent from ${schema}.ended
            where sequence = c.sequence offset 0) last on true
          left join lateral (select attempt_traceparent from ${schema}.progress
            where sequence = c.sequence and last.sequence is null offset 0) now on true)`;
}

/** The functions of ends. `schema` is a quoted name. */
export function endFunctions(schema: string): string {
  // Of the trace x. Its newest job is the likely one, then its oldest: most often one look is enough.
  // A limit keeps each of them a look by index; as an EXISTS the planner may read the whole table.
  const look = (at: string) =>
    `(select true from (select sequence from ${schema}.enqueued where trace_id = x ${at}) e ` +
    `where not exists (select from ${schema}.ended d where d.sequence = e.sequence offset 0) limit 1)`;
  const unfinished = `case when ${look("order by sequence desc limit 1")} then true ` +
    `else coalesce(${look("order by sequence")}, false) end`;
  const isFree = `not exists (select from ${schema}.dependencies d
            where d.dependent = w.sequence and not d.is_over offset 0)`;
  const counted = `trace_epoch = 1 + coalesce((
        select max(before.trace_epoch) from ${schema}.enqueued e, lateral (
          select trace_epoch from ${schema}.ended where sequence = e.sequence offset 0) before
        where e.trace_id = l.trace_id), 0)
      from unnest(traces, last) l(trace_id, sequence)
      where d.sequence = l.sequence`;
  return `
create function ${schema}.dependency_error(id uuid, status text) returns json
language sql immutable as $$
  select json_build_object('name', 'JobCancelledError', 'message', 'Its dependency ' || id || ' '
    || case when status in ('cancelled', 'removed') then 'was ' || status else status end, 'dependencyId', id)
$$;

-- Frees, or cancels, those that waited for jobs that have ended, level by level. Returns the queues
-- in which something became ready, which jobs were cancelled, and which of the others were locked: none
-- of them ends before this transaction. Without settings of its own: whoever ends jobs has them.
create function ${schema}.end_jobs(
  done bigint[], t timestamptz, out ready_queues text[], out cancelled bigint[], out open_jobs bigint[]
) language plpgsql ${interpreted} as $$
declare
  ended_ones bigint[];
  waiting_ones bigint[];
  locked bigint[];
  failed bigint[];
  reasons json[];
  freed bigint[];
  queues text[];
begin
  ready_queues := '{}';
  cancelled := '{}';
  while done is not null loop
    -- Locked before their rows are over, so that the last of several dependencies sees that it is the
    -- last. Each with the one that it waited for.
    select array_agg(d.dependency), array_agg(w.sequence) into ended_ones, waiting_ones from (
        select d.dependency, d.dependent from unnest(done) x(sequence), lateral (
          select dependency, dependent, is_over from ${schema}.dependencies
          where dependency = x.sequence offset 0) d
        where not d.is_over order by d.dependent) d,
      lateral (select w.sequence from ${schema}.waiting w where w.sequence = d.dependent
        for update offset 0) w;
    exit when waiting_ones is null;
    locked := locked || waiting_ones;
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
      returning d.dependent, o.id, o.status
    )
    select array_agg(dependent),
      array_agg(dependent) filter (where status <> 'completed'),
      array_agg(json_build_object('id', id, 'status', status)) filter (where status <> 'completed')
    into waiting_ones, failed, reasons from over;
    done := null;
    if failed is not null then
      with gone as (
        delete from ${schema}.waiting w using (
          -- Of several, the one that the job names first.
          select distinct on (f.dependent) f.dependent, e.id, e.queue_name, e.run_at, e.max_attempts,
            ${schema}.dependency_error(n.id, f.reason ->> 'status') as error
          from unnest(failed, reasons) f(dependent, reason), lateral (
            select * from ${schema}.enqueued where sequence = f.dependent offset 0) e, lateral (
            select coalesce((f.reason ->> 'id')::uuid, (
              select y.id from unnest(e.depends_on) with ordinality y(id, n)
              where not exists (select from ${schema}.enqueued where id = y.id offset 0)
              order by y.n limit 1)) as id) n
          where e.on_dependency_failure = 'cancel'
          order by f.dependent, array_position(e.depends_on, n.id)) f
        where w.sequence = f.dependent
        returning w.run_at as waited_until, f.*
      ), moved as (
        insert into ${schema}.ended as d (sequence, id, queue_name, status, run_at, attempts,
          max_attempts, started_at, finished_at, error, trace_epoch, is_suspect, operation)
        select g.dependent, g.id, g.queue_name, 'cancelled', nullif(g.waited_until, g.run_at),
          coalesce(p.attempts, 0), nullif(p.max_attempts, g.max_attempts), p.started_at, t, g.error,
          p.trace_epoch, nullif(p.is_suspect, false), p.operation
        from gone g left join lateral (
          select * from ${schema}.progress where sequence = g.dependent offset 0) p on true
        returning d.sequence
      )
      select array_agg(sequence) into done from moved;
      if done is not null then
        delete from ${schema}.progress where sequence = any(done);
        delete from ${schema}.dependencies where dependent = any(done);
        cancelled := cancelled || done;
        waiting_ones := array(select unnest(waiting_ones) except select unnest(done));
      end if;
    end if;
    if waiting_ones <> '{}' then
      with free as (
        delete from ${schema}.waiting w where w.sequence = any(waiting_ones) and w.run_at <= t
          and ${isFree}
        returning w.*
      ), placed as (
        insert into ${schema}.ready (sequence, queue_name, rank, run_at, has_past)
        select sequence, queue_name, rank, t, true from free
      )
      select array_agg(sequence), array_agg(distinct queue_name) into freed, queues from free;
      ready_queues := ready_queues || queues;
      if freed is null or cardinality(freed) < cardinality(waiting_ones) then
        with postponed as (
          update ${schema}.waiting w set kind = 'scheduled'
          where w.sequence = any(waiting_ones) and w.run_at > t and ${isFree}
          returning w.queue_name
        )
        select array_agg(distinct queue_name) into queues from postponed;
        ready_queues := ready_queues || queues;
      end if;
    end if;
  end loop;
  open_jobs := locked;
  if cancelled <> '{}' then
    open_jobs := array(select unnest(locked) except select unnest(cancelled));
  end if;
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
  open_jobs bigint[];
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
    where is_over < true and added_in >= added_from::xid8
    order by added_in fetch first most rows with ties
  ) w;
  if looked < most then reached := null; end if;
  if done is not null then
    select e.ready_queues, e.cancelled, e.open_jobs into ready_queues, cancelled, open_jobs
      from ${schema}.end_jobs(done, t) e;
    if cancelled <> '{}' then
      perform ${schema}.end_traces(cancelled, t, true, open_jobs);
    end if;
  end if;
end $$;

-- Records the end of each trace of these jobs, which have just ended, that has no unfinished job left:
-- on the job that ended last. Two transactions that end the last two jobs of a trace at once each see
-- the other's as unfinished. So one that sees an unfinished job waits for those that ended some of the same
-- traces, and looks again, at all of them: while it waits, jobs come into a trace that was done. Two thousand
-- locks serve all traces: the server has room for so many, and they are the last that a transaction
-- takes. Those of jobs that this transaction holds open need none of it.
create function ${schema}.end_traces(
  done bigint[], t timestamptz, waits boolean, open_jobs bigint[] default '{}'
) returns void
language plpgsql ${byIndex} as $$
declare
  traces uuid[];
  last bigint[];
  busy uuid[];
begin
  select array_agg(l.trace_id), array_agg(l.sequence) into traces, last from (
    select e.trace_id, max(x.sequence) as sequence from unnest(done) x(sequence), lateral (
      select trace_id from ${schema}.enqueued where sequence = x.sequence offset 0) e
    where e.trace_id not in (select o.trace_id from unnest(open_jobs) y(sequence), lateral (
      select trace_id from ${schema}.enqueued where sequence = y.sequence offset 0) o)
    group by e.trace_id) l;
  if traces is null then return; end if;
  busy := array(select x from unnest(traces) x where ${unfinished});
  if waits and busy <> '{}' then
    perform pg_advisory_xact_lock(hashtext('hammerwork.end_traces'), l.key)
      from (select distinct hashtext(x::text) & 2047 as key from unnest(traces) x order by 1) l;
    -- A statement of its own: it sees what was committed while this one waited.
    busy := array(select x from unnest(traces) x where ${unfinished});
  end if;
  if busy <> '{}' then
    select array_agg(l.trace_id), array_agg(l.sequence) into traces, last
      from unnest(traces, last) l(trace_id, sequence)
      where l.trace_id not in (select unnest(busy));
    if traces is null then return; end if;
  end if;
  if ${wantsTraceEnds(schema)} then
    update ${schema}.ended d set trace_end_due = t, ${counted};
  else
    -- It is counted all the same. No index has the number.
    update ${schema}.ended d set ${counted};
  end if;
end $$;
`;
}
