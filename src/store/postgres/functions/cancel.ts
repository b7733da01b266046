/**
 * A caller's cancellation inside the server: of one job, of its descendants, and of many jobs.
 *
 * @module
 */
import { changeableStatuses } from "../../../job/status.ts";
import { holdingClaim } from "../tables.ts";
import { operationOf } from "./operation.ts";
import { cancelledBecauseOf } from "./retry.ts";
import { byIndex, interpreted, isAmong, isOneOf, readCommitted } from "./settings.ts";

// A notification has room for 8,000 bytes.
const idsInNotification = 200;

// Maintenance looks at as many at once; the next one continues.
const treesAtOnce = 1_000;

/** The functions that cancel. `schema` is a quoted name, `channel` the same as a literal. */
export function cancelFunctions(schema: string, channel: string): string {
  const isIn = (place: string, sequence: string) =>
    `exists (select from ${schema}.${place} i where i.sequence = ${sequence} offset 0)`;
  return `
-- Notifies all processes of the jobs that were cancelled while they ran, at commit.
create function ${schema}.notify_cancelled(ids uuid[]) returns void
language sql as $$
  select pg_notify(${channel}, json_build_object('cancelled', json_agg(x.id))::text)
  from unnest(ids) with ordinality x(id, n) group by (x.n - 1) / ${idsInNotification}
$$;

-- Cancels those of these jobs that have not ended, or that stand as the statuses say at this moment; and
-- the dependents that their end cancels. Returns which of them were cancelled, which of those ran, and in
-- which queues something became ready.
create function ${schema}.cancel_jobs(
  sequences bigint[], reason json, new_operation json, t timestamptz,
  statuses text[] default '{${changeableStatuses.cancel}}',
  out done bigint[], out interrupted uuid[], out ready_queues text[]
) language plpgsql ${byIndex} as $$
declare
  wanted bigint[] := sequences;
  tokens uuid[];
  cancelled bigint[];
  ran uuid[];
  dependents bigint[];
begin
  done := '{}';
  interrupted := '{}';
  ready_queues := '{}';
  -- Jobs move while they are looked for: until each has ended.
  loop
    wanted := array(select x.sequence from unnest(wanted) x(sequence)
      where not ${isIn("ended", "x.sequence")} and ${isIn("enqueued", "x.sequence")}
        and case when ${isIn("ready", "x.sequence")} then 'ready' else coalesce((
          select w.kind from ${schema}.waiting w where w.sequence = x.sequence offset 0),
          'running') end = any(statuses));
    exit when wanted = '{}';
    -- What neither can be claimed nor waits is held by a claim.
    tokens := array(select distinct c.token from unnest(wanted) x(sequence), lateral (
        select queue_name from ${schema}.enqueued e where e.sequence = x.sequence offset 0) e,
      lateral ${holdingClaim(schema, "e.queue_name", "x.sequence")} c
      where not ${isIn("ready", "x.sequence")} and not ${isIn("waiting", "x.sequence")});
    perform from ${schema}.claims c where c.token = any(tokens) order by c.token for update;
    perform from ${schema}.ready r where r.sequence = any(wanted) order by r.sequence for update;
    perform from ${schema}.waiting w where w.sequence = any(wanted)
      order by w.kind = 'blocked', w.sequence for update;
    with held as (
      select x.sequence, c.token, c.claimed_at, c.worker, x.run_at
      from ${schema}.claims c,
        unnest(c.sequences, c.run_ats, c.is_open) x (sequence, run_at, is_open)
      where c.token = any(tokens) and ${isOneOf("x.sequence", "select unnest(wanted)")}
        and x.is_open is not false and 'running' = any(statuses)
    ), taken as (
      delete from ${schema}.ready r where r.sequence = any(wanted) and 'ready' = any(statuses)
      returning r.sequence, r.run_at
    ), waited as (
      delete from ${schema}.waiting w
      where w.sequence = any(wanted) and ${isAmong("w.kind", "statuses")}
      returning w.sequence, w.run_at
    ), moved as (
      insert into ${schema}.ended as d (sequence, id, queue_name, status, run_at, attempts,
        max_attempts, started_at, finished_at, error, attempt_traceparent, trace_epoch, is_suspect,
        worker, operation)
      select e.sequence, e.id, e.queue_name, 'cancelled', nullif(x.run_at, e.run_at),
        coalesce(p.attempts, 0) + (x.claimed_at is not null)::integer,
        nullif(p.max_attempts, e.max_attempts), coalesce(x.claimed_at, p.started_at), t, reason,
        -- The span of an attempt that is not settled is unknown, and an older one's would mislead.
        case when x.claimed_at is null then p.attempt_traceparent end, p.trace_epoch,
        nullif(p.is_suspect, false), x.worker, coalesce(new_operation, p.operation)
      from (
          select sequence, run_at, claimed_at, worker from held
          union all select sequence, run_at, null, null from taken
          union all select sequence, run_at, null, null from waited
        ) x, lateral (
          select * from ${schema}.enqueued e where e.sequence = x.sequence offset 0) e
        left join ${schema}.progress p on p.sequence = e.sequence
      returning d.sequence, d.id, d.attempts, d.started_at, d.worker
    ), lost as (
      insert into ${schema}.attempts
        (job_id, attempt, outcome, started_at, finished_at, error, worker)
      select m.id, m.attempts, 'cancelled', m.started_at, t, reason, m.worker
      from moved m where ${isOneOf("m.sequence", "select sequence from held")}
      returning job_id
    )
    select (select array_agg(sequence) from moved), (select array_agg(job_id) from lost),
      (select array_agg(distinct token) from held)
    into cancelled, ran, tokens;
    delete from ${schema}.progress where sequence = any(cancelled);
    delete from ${schema}.dependencies where dependent = any(cancelled);
    perform ${schema}.close_places(c, array(
        select x.place::integer
        from unnest(c.sequences, c.is_open) with ordinality x (sequence, is_open, place)
        where x.is_open is not false and ${isOneOf("x.sequence", "select unnest(cancelled)")}))
      from ${schema}.claims c where c.token = any(tokens);
    done := done || coalesce(cancelled, '{}');
    interrupted := interrupted || coalesce(ran, '{}');
  end loop;
  if done <> '{}' then
    perform ${schema}.notify_cancelled(interrupted);
    select e.ready_queues, e.cancelled into ready_queues, dependents from ${schema}.end_jobs(done, t) e;
    perform ${schema}.end_traces(done || dependents, t, true);
  end if;
end $$;

-- Cancels a job that has not ended. Returns the job as it is stored then, or nothing; and which jobs ran.
create function ${schema}.cancel_job(
  job_id uuid, reason json, descendants boolean, by_operator json, at timestamptz default null
) returns table (job ${schema}.jobs, changed boolean, ready_queues text[], interrupted uuid[])
language plpgsql ${byIndex} as $$
declare
  t timestamptz := coalesce(at, date_trunc('milliseconds', clock_timestamp()));
  new_operation json := ${operationOf("cancel", "by_operator")};
begin
  ${readCommitted}
  select c.done <> '{}', c.ready_queues, c.interrupted into changed, ready_queues, interrupted
    from ${schema}.cancel_jobs(array(
      select e.sequence from ${schema}.enqueued e where e.id = cancel_job.job_id), reason,
      new_operation, t) c;
  select * into job from ${schema}.jobs j where j.id = cancel_job.job_id;
  if not found then return; end if;
  if descendants then
    insert into ${schema}.cancelled_trees as c (root_id, reason, operation)
    values (cancel_job.job_id, cancel_job.reason, new_operation)
    on conflict (root_id) do update set reason = excluded.reason, operation = excluded.operation,
      open_below = null;
  end if;
  return next;
end $$;

-- Cancels those of these jobs that stand as the statuses say. Returns how many, and what follows.
create function ${schema}.cancel_many(
  sequences bigint[], statuses text[], reason json, by_operator json, at timestamptz,
  out changed integer, out refused integer, out ready_queues text[], out interrupted uuid[],
  out t timestamptz
) language plpgsql ${byIndex} as $$
begin
  ${readCommitted}
  t := coalesce(at, date_trunc('milliseconds', clock_timestamp()));
  select cardinality(c.done), 0, c.ready_queues, c.interrupted
    into changed, refused, ready_queues, interrupted
    from ${schema}.cancel_jobs(sequences, reason, ${
    operationOf("cancel", "by_operator")
  }, t, statuses) c;
end $$;

-- The jobs that are parts of a job, of those, and so on; also of the dependents that were cancelled
-- because of one of them. Without the job itself.
create function ${schema}.descendants(root_id uuid) returns table (id uuid, sequence bigint)
language sql stable ${byIndex} as $$
  with recursive family(id, sequence) as (
    select root_id, null::bigint
    union
    select x.id, x.sequence from family f, lateral (
      select e.id, e.sequence from ${schema}.enqueued e where e.parent_id = f.id
      union all
      select d.id, d.sequence from ${cancelledBecauseOf(schema, "f.id")} d) x
  )
  select id, sequence from family where id <> root_id
$$;

-- Cancels descendants of a job that have not ended, as many as most says. With only_waiting none that
-- has begun. Returns which were cancelled.
create function ${schema}.cancel_descendants(
  root_id uuid, reason json, by_operator json, only_waiting boolean, most integer, at timestamptz,
  out done bigint[], out interrupted uuid[], out ready_queues text[]
) language plpgsql ${byIndex} as $$
declare
  t timestamptz := coalesce(at, date_trunc('milliseconds', clock_timestamp()));
  sequences bigint[];
begin
  ${readCommitted}
  sequences := array(select x.sequence from ${schema}.descendants(root_id) x
    where case when only_waiting
      then (${isIn("ready", "x.sequence")} or ${isIn("waiting", "x.sequence")})
        and not exists (select from ${schema}.progress p
          where p.sequence = x.sequence and p.attempts > 0 offset 0)
      else not ${isIn("ended", "x.sequence")} end
    limit most);
  select c.done, c.interrupted, c.ready_queues into done, interrupted, ready_queues
    from ${schema}.cancel_jobs(sequences,
      (reason::jsonb || jsonb_build_object('parentId', root_id))::json,
      ${operationOf("cancel", "by_operator")}, t) c;
end $$;

-- Cancels descendants that were added by transactions which were open when the job was cancelled with its
-- descendants, since the cancellation did not see them. Looks until all transactions have ended that there
-- were at the first look. Returns the queues in which something became ready.
create function ${schema}.cancel_late_descendants(most integer, at timestamptz default null)
returns text[]
language plpgsql ${interpreted} as $$
declare
  tree record;
  cancelled bigint[];
  freed text[];
  ready_queues text[] := '{}';
begin
  for tree in
    -- Which transactions there are is seen before their jobs are looked for.
    select c.root_id, c.reason, c.operation, c.open_below <= pg_snapshot_xmin(s) as is_over,
      pg_snapshot_xmax(s) as open_below
    from ${schema}.cancelled_trees c, pg_current_snapshot() s
    order by c.open_below nulls first limit ${treesAtOnce} for update of c skip locked
  loop
    loop
      select c.ready_queues, c.done into freed, cancelled
        from ${schema}.cancel_descendants(tree.root_id, tree.reason, tree.operation, true, most, at) c;
      ready_queues := ready_queues || freed;
      exit when cancelled = '{}';
    end loop;
    if tree.is_over then
      delete from ${schema}.cancelled_trees c where c.root_id = tree.root_id;
    else
      update ${schema}.cancelled_trees c set open_below = coalesce(c.open_below, tree.open_below)
      where c.root_id = tree.root_id and c.open_below is null;
    end if;
  end loop;
  return ready_queues;
end $$;
`;
}
