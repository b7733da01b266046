/**
 * A caller's cancellation inside the server: of one job, and of its descendants.
 *
 * @module
 */
import { movedColumns } from "./end.ts";
import { byIndex, interpreted, readCommitted } from "./settings.ts";
import { cancelledFor } from "./retry.ts";

// A notification has room for 8,000 bytes.
const idsInNotification = 200;

// Maintenance looks at as many at once; the next one continues.
const treesAtOnce = 1_000;

/** The functions that cancel. `schema` is a quoted name, `channel` the same as a literal. */
export function cancelFunctions(schema: string, channel: string): string {
  return `
-- Notifies all processes of the jobs that were cancelled while they ran, at commit.
create function ${schema}.notify_cancelled(ids uuid[]) returns void
language sql as $$
  select pg_notify(${channel}, json_build_object('cancelled', json_agg(x.id))::text)
  from unnest(ids) with ordinality x(id, n) group by (x.n - 1) / ${idsInNotification}
$$;

-- Cancels those of these jobs that have not ended, and the dependents that their end cancels. Returns
-- which of them were cancelled, which of those ran, and in which queues something became ready.
create function ${schema}.cancel_jobs(
  ids uuid[], reason json, t timestamptz,
  out done uuid[], out interrupted uuid[], out ready_queues text[]
) language plpgsql ${byIndex} as $$
declare
  dependents uuid[];
begin
  ready_queues := '{}';
  perform from ${schema}.live l where l.id = any(ids) and l.status <> 'blocked'
    order by l.id for update;
  perform from ${schema}.live l where l.id = any(ids) and l.status = 'blocked'
    order by l.id for update;
  interrupted := array(
    select l.id from ${schema}.live l where l.id = any(ids) and l.status = 'running');
  insert into ${schema}.attempts (job_id, attempt, outcome, started_at, finished_at, error)
  select l.id, l.attempts, 'cancelled', l.started_at, t, reason
  from ${schema}.live l where l.id = any(interrupted);
  with gone as (
    delete from ${schema}.live l where l.id = any(ids) returning l.*
  ), moved as (
    insert into ${schema}.ended as d (${movedColumns}, status, finished_at, error,
      attempt_traceparent)
    -- The span of an attempt that is not settled is unknown, and an older one's would mislead.
    select ${movedColumns}, 'cancelled', t, reason,
      case when status <> 'running' then attempt_traceparent end
    from gone
    returning d.id
  )
  select coalesce(array_agg(id), '{}') into done from moved;
  if done <> '{}' then
    delete from ${schema}.dependencies d where d.job_id = any(done);
    perform ${schema}.notify_cancelled(interrupted);
    select e.ready_queues, e.cancelled_ids into ready_queues, dependents from ${schema}.end_jobs(done, t) e;
    perform ${schema}.end_traces(done || dependents, t, true);
  end if;
end $$;

-- Cancels a job that has not ended. Returns the job as it is stored then, or nothing; and which jobs ran.
create function ${schema}.cancel_job(
  job_id uuid, reason json, descendants boolean, at timestamptz default null
) returns table (job ${schema}.jobs, changed boolean, ready_queues text[], interrupted uuid[])
language plpgsql ${byIndex} as $$
declare
  t timestamptz := coalesce(at, date_trunc('milliseconds', clock_timestamp()));
begin
  ${readCommitted}
  select c.done <> '{}', c.ready_queues, c.interrupted into changed, ready_queues, interrupted
    from ${schema}.cancel_jobs(array[cancel_job.job_id], reason, t) c;
  select * into job from ${schema}.jobs j where j.id = cancel_job.job_id;
  if not found then return; end if;
  if descendants then
    insert into ${schema}.cancelled_trees as c (root_id, reason)
    values (cancel_job.job_id, cancel_job.reason)
    on conflict (root_id) do update set reason = excluded.reason, open_below = null;
  end if;
  return next;
end $$;

-- The jobs that are parts of a job, of those, and so on; also of the dependents that were cancelled
-- because of one of them. Without the job itself.
create function ${schema}.descendants(root_id uuid) returns setof uuid
language sql stable ${byIndex} as $$
  with recursive family(id) as (
    select root_id
    union
    select x.id from family f, lateral (
      select e.id from ${schema}.enqueued e where e.parent_id = f.id
      union all
      select d.id from ${schema}.ended d
        where ${cancelledFor("d")} = f.id and d.status = 'cancelled') x
  )
  select id from family where id <> root_id
$$;

-- Cancels descendants of a job that have not ended, as many as most says. With only_waiting none that
-- has begun. Returns which were cancelled.
create function ${schema}.cancel_descendants(
  root_id uuid, reason json, only_waiting boolean, most integer, at timestamptz,
  out done uuid[], out interrupted uuid[], out ready_queues text[]
) language plpgsql ${byIndex} as $$
declare
  ids uuid[];
begin
  ${readCommitted}
  ids := array(select l.id from ${schema}.descendants(root_id) x(id)
    join ${schema}.live l on l.id = x.id
    where not only_waiting or (l.status <> 'running' and l.attempts = 0) limit most);
  select c.done, c.interrupted, c.ready_queues into done, interrupted, ready_queues
    from ${schema}.cancel_jobs(ids,
      (reason::jsonb || jsonb_build_object('parentId', root_id))::json,
      coalesce(at, date_trunc('milliseconds', clock_timestamp()))) c;
end $$;

-- Cancels descendants that were added by transactions which were open when the job was cancelled with its
-- descendants, since the cancellation did not see them. Looks until all transactions have ended that there
-- were at the first look. Returns the queues in which something became ready.
create function ${schema}.cancel_late_descendants(most integer, at timestamptz default null)
returns text[]
language plpgsql ${interpreted} as $$
declare
  tree record;
  cancelled uuid[];
  freed text[];
  ready_queues text[] := '{}';
begin
  for tree in
    -- Which transactions there are is seen before their jobs are looked for.
    select c.root_id, c.reason, c.open_below <= pg_snapshot_xmin(s) as is_over,
      pg_snapshot_xmax(s) as open_below
    from ${schema}.cancelled_trees c, pg_current_snapshot() s
    order by c.open_below nulls first limit ${treesAtOnce} for update of c skip locked
  loop
    loop
      select c.ready_queues, c.done into freed, cancelled
        from ${schema}.cancel_descendants(tree.root_id, tree.reason, true, most, at) c;
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
