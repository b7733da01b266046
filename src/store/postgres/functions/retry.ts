/**
 * A caller's retry inside the server, of one job or of many: one statement, which also brings back the
 * dependents that the jobs' end cancelled. The rules are those of `transitions/retry.ts`, where one job
 * follows another, dependencies first; here all are decided upon together.
 *
 * @module
 */
import { mostAttempts } from "../../../job/job_options.ts";
import { changeableStatuses } from "../../../job/status.ts";
import { operationOf } from "./operation.ts";
import { byIndex, isOneOf, readCommitted } from "./settings.ts";

/** Because of which job a job of `ended` is cancelled. As it is indexed there. */
export const cancelledFor = (ended: string): string =>
  `(case when ${ended}.status = 'cancelled' then (${ended}.error ->> 'dependencyId')::uuid end)`;

/**
 * The jobs that are cancelled because of one, by a look in the index of such jobs: a subquery. It says no
 * more of them, since to the planner another index might answer that as well.
 */
export function cancelledBecauseOf(schema: string, id: string): string {
  return `(select d.id, d.sequence from ${schema}.ended d where ${
    cancelledFor("d")
  } = ${id} offset 0)`;
}

/** The functions of a retry. `schema` is a quoted name. */
export function retryFunctions(schema: string): string {
  // Of a job e, its dependencies in order, each with how it ended.
  const dependencies = `unnest(e.depends_on) with ordinality x(id, n)
      left join lateral (
        select id, sequence from ${schema}.enqueued where id = x.id offset 0) f on true
      left join lateral (
        select sequence, status from ${schema}.ended where sequence = f.sequence offset 0) d on true`;
  // Jobs e, by their ids, looked up one by one, whatever the planner's statistics say.
  const jobs = (ids: string) =>
    `unnest(${ids}) i(id), lateral (
      select * from ${schema}.enqueued where id = i.id offset 0) e`;
  const isBad = "d.status in ('failed', 'cancelled')";
  const isOf = (id: string, ids: string) => isOneOf(id, `select unnest(${ids})`);
  // A dependency that keeps a job from coming back.
  const hinders = `${isBad} and x.id not in (select unnest(back))`;
  return `
-- The jobs that are cancelled because of these, because of those, and so on; without those beside, and what
-- is cancelled because of them.
create function ${schema}.cancelled_chain(causes uuid[], beside uuid[] default '{}')
returns table (id uuid, sequence bigint)
language sql stable ${byIndex} as $$
  with recursive chain(id, sequence) as (
    select id, null::bigint from unnest(causes) c(id)
    union
    select d.id, d.sequence from chain c, lateral ${cancelledBecauseOf(schema, "c.id")} d
    where d.id not in (select unnest(beside))
  )
  select id, sequence from chain where sequence is not null
$$;

-- Makes those of these jobs ready again that stand as the statuses say, and that ended at a time or earlier;
-- or blocked while something that they depend on has not ended. And makes those blocked that are cancelled
-- because of them, unless they depend on another job that did not complete. A job is hindered by a dependency
-- that did not complete and does not come back in the same step, or is not stored any more and the job has
-- never begun. Returns how many of these jobs stand so, how many of those are back, and what hinders one of
-- the others. The ends of traces that the jobs brought are not reported any more.
create function ${schema}.retry_jobs(
  sequences bigint[], statuses text[], as_of timestamptz, dependents boolean, force boolean,
  new_operation json, t timestamptz,
  out looked integer, out changed integer, out hindrance json, out ready_queues text[]
) language plpgsql ${byIndex} as $$
#variable_conflict use_column
declare
  -- Those that stand so, and those of them that may have one more attempt.
  asked uuid[];
  heads uuid[];
  -- Those that are cancelled because of the heads: heads among them.
  chain uuid[] := '{}';
  back uuid[];
  staying uuid[];
  hindered json;
  -- Of those that are back, the ones that no other brought.
  by_themselves uuid[];
  wanted bigint[];
  locked bigint[];
begin
  changed := 0;
  ready_queues := '{}';
  with standing as materialized (
    select d.id, d.sequence, d.attempts from ${schema}.ended d
    where d.sequence = any(sequences) and d.status = any(statuses)
      and (as_of is null or d.finished_at <= as_of)
    order by d.sequence for update
  )
  select coalesce(array_agg(id), '{}'), coalesce(array_agg(sequence), '{}'),
    coalesce(array_agg(id) filter (where attempts < ${mostAttempts}), '{}')
  into asked, locked, heads from standing;
  looked := cardinality(asked);
  if heads = '{}' then return; end if;
  if dependents then
    -- With those that keep one of them from it: another retry may be about to bring these back. Until
    -- none is new, since what is waited for changes.
    loop
      chain := array(select c.id from ${schema}.cancelled_chain(heads) c);
      wanted := array(
        select d.sequence from ${jobs("chain")}, ${dependencies} where ${isBad}
        union select e.sequence from ${jobs("chain")}
        except select unnest(locked));
      exit when wanted = '{}';
      perform from ${schema}.ended d where d.sequence = any(wanted) order by d.sequence for update;
      locked := locked || wanted;
    end loop;
  end if;
  -- A job that depends on another that did not complete stays, and so do those that wait for it.
  back := array(select unnest(heads) union select unnest(chain));
  loop
    select array_agg(e.id), (array_agg(h.hindrance) filter (where e.id = any(heads)))[1]
    into staying, hindered
    from ${jobs("back")}, lateral (
        select attempts from ${schema}.ended where sequence = e.sequence offset 0) o, lateral (
        select json_build_object('dependencyId', x.id, 'status', coalesce(d.status, 'removed'))
          as hindrance
        from ${dependencies}
        where (${hinders})
          or (f.id is null and o.attempts = 0 and e.id not in (select unnest(chain)))
        order by x.n limit 1) h
    where e.depends_on <> '{}'
      and not ((force or e.on_dependency_failure = 'run') and ${isOf("e.id", "heads")});
    exit when staying is null;
    hindrance := coalesce(hindrance, hindered);
    back := array(select unnest(back) except select unnest(staying) except select c.id
      from ${schema}.cancelled_chain(staying, case when force then heads else '{}' end) c);
  end loop;
  if back = '{}' then return; end if;
  changed := cardinality(array(select unnest(asked) intersect select unnest(back)));
  by_themselves := array(select e.id from ${jobs("heads")}
    where ${isOf("e.id", "back")} and (e.id not in (select unnest(chain))
      or exists (select from ${dependencies} where ${hinders} offset 0)));
  with gone as (
    delete from ${schema}.ended d
    where d.sequence = any(array(select e.sequence from ${jobs("back")}))
    returning d.*, ${isOf("d.id", "by_themselves")} as is_head
  ), kept as (
    insert into ${schema}.progress (sequence, attempts, max_attempts, is_suspect, started_at, error,
      attempt_traceparent, claim, trace_epoch, operation)
    select g.sequence, g.attempts,
      greatest(coalesce(g.max_attempts, e.max_attempts), g.attempts + 1),
      coalesce(g.is_suspect, false), g.started_at, case when g.is_head then g.error end,
      g.attempt_traceparent, g.claim, g.trace_epoch,
      case when ${isOf("g.id", "asked")} then coalesce(new_operation, g.operation)
        else g.operation end
    from gone g, lateral (
      select * from ${schema}.enqueued e where e.sequence = g.sequence offset 0) e
  )
  insert into ${schema}.waiting (sequence, queue_name, rank, run_at, kind, has_past)
  select g.sequence, g.queue_name, -e.priority::integer,
    case when g.is_head then t else coalesce(g.run_at, e.run_at) end, 'blocked', true
  from gone g, lateral (
    select * from ${schema}.enqueued e where e.sequence = g.sequence offset 0) e;
  insert into ${schema}.dependencies (dependency, dependent, is_over)
  select f.sequence, e.sequence,
    exists (select from ${schema}.ended d where d.sequence = f.sequence offset 0)
  from ${jobs("back")}, unnest(e.depends_on) x(id), lateral (
    select sequence from ${schema}.enqueued where id = x.id offset 0) f;
  with free as (
    delete from ${schema}.waiting w
    where w.sequence = any(array(select e.sequence from ${jobs("by_themselves")}))
      and not exists (select from ${schema}.dependencies d
        where d.dependent = w.sequence and not d.is_over offset 0)
    returning w.*
  ), placed as (
    insert into ${schema}.ready (sequence, queue_name, rank, run_at, has_past)
    select sequence, queue_name, rank, run_at, true from free
  )
  select coalesce(array_agg(distinct queue_name), '{}') into ready_queues from free;
  -- When a part of a cancelled tree is retried, no more of the tree is to be cancelled.
  if exists (select from ${schema}.cancelled_trees) then
    delete from ${schema}.cancelled_trees c where c.root_id = any(array(
      with recursive above(id) as (
        select unnest(back)
        union
        select e.parent_id from above a, lateral (
          select parent_id from ${schema}.enqueued where id = a.id offset 0) e
        where e.parent_id is not null
      )
      select id from above));
  end if;
  -- Of those that stay because of another than before, that is the reason now.
  update ${schema}.ended d set error = ${schema}.dependency_error(x.dependency_id, x.status)
  from (
    select distinct on (e.sequence) e.sequence, x.id as dependency_id, d.status
    from ${jobs("chain")}, ${dependencies}
    where e.id not in (select unnest(back)) and ${isBad}
    order by e.sequence, x.n
  ) x
  where d.sequence = x.sequence and (${cancelledFor("d")} in (select unnest(back))) is true;
end $$;

-- Retries a failed or cancelled job. Returns the job as it is stored then, or nothing, and what hinders it.
create function ${schema}.retry_job(
  job_id uuid, dependents boolean, force boolean, by_operator json, at timestamptz default null
) returns table (job ${schema}.jobs, changed boolean, hindrance json, ready_queues text[])
language plpgsql ${byIndex} as $$
declare
  t timestamptz := coalesce(at, date_trunc('milliseconds', clock_timestamp()));
begin
  ${readCommitted}
  select r.changed > 0, r.hindrance, r.ready_queues into changed, hindrance, ready_queues
    from ${schema}.retry_jobs(array(
      select e.sequence from ${schema}.enqueued e where e.id = retry_job.job_id),
      '{${changeableStatuses.retry}}', null, dependents, force, ${
    operationOf("retry", "by_operator")
  }, t) r;
  select * into job from ${schema}.jobs j where j.id = retry_job.job_id;
  if found then return next; end if;
end $$;

-- Retries those of these jobs that stand as the statuses say. Returns how many, and what follows.
create function ${schema}.retry_many(
  sequences bigint[], statuses text[], as_of timestamptz, dependents boolean, force boolean,
  by_operator json, at timestamptz,
  out changed integer, out refused integer, out ready_queues text[], out interrupted uuid[],
  out t timestamptz
) language plpgsql ${byIndex} as $$
begin
  ${readCommitted}
  t := coalesce(at, date_trunc('milliseconds', clock_timestamp()));
  interrupted := '{}';
  select r.changed, r.looked - r.changed, r.ready_queues into changed, refused, ready_queues
    from ${schema}.retry_jobs(sequences, statuses, as_of, dependents, force, ${
    operationOf("retry", "by_operator")
  }, t) r;
end $$;
`;
}
