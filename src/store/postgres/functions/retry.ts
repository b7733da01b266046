/**
 * A caller's retry inside the server: one statement, which also brings back the dependents that the
 * job's end cancelled. The rules are those of `transitions/retry.ts`, done for many jobs at once.
 *
 * @module
 */
import { mostAttempts } from "../../../job/job_options.ts";
import { byIndex, readCommitted } from "./settings.ts";

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

/** The function of a retry. `schema` is a quoted name. */
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
  return `
-- The jobs that are cancelled because of these, because of those, and so on. Without these.
create function ${schema}.cancelled_chain(causes uuid[]) returns table (id uuid, sequence bigint)
language sql stable ${byIndex} as $$
  with recursive chain(id, sequence) as (
    select id, null::bigint from unnest(causes) c(id)
    union
    select d.id, d.sequence from chain c, lateral ${cancelledBecauseOf(schema, "c.id")} d
  )
  select id, sequence from chain where sequence is not null
$$;

-- Makes a failed or cancelled job ready again, or blocked while something that it depends on has not
-- ended; and blocked those that are cancelled because of it, unless they depend on another job that
-- did not complete. Returns the job as it is stored then, or nothing, and what hinders it. The ends of
-- traces that these jobs brought are not reported any more.
create function ${schema}.retry_job(
  job_id uuid, dependents boolean, force boolean, at timestamptz default null
) returns table (job ${schema}.jobs, changed boolean, hindrance json, ready_queues text[])
language plpgsql ${byIndex} as $$
#variable_conflict use_column
declare
  t timestamptz := coalesce(at, date_trunc('milliseconds', clock_timestamp()));
  given ${schema}.enqueued;
  ended_job ${schema}.ended;
  chain uuid[] := '{}';
  back uuid[] := '{}';
  staying uuid[];
  wanted bigint[];
  locked bigint[];
begin
  ${readCommitted}
  changed := false;
  ready_queues := '{}';
  locked := '{}';
  select * into given from ${schema}.enqueued e where e.id = retry_job.job_id;
  select * into ended_job from ${schema}.ended d where d.sequence = given.sequence for update;
  if ended_job.status in ('failed', 'cancelled') and ended_job.attempts < ${mostAttempts} then
    if given.on_dependency_failure = 'cancel' and not force then
      select json_build_object('dependencyId', x.id, 'status', coalesce(d.status, 'removed'))
        into hindrance
        from (select given.depends_on) e, ${dependencies}
        where ${isBad} or (f.id is null and ended_job.attempts = 0)
        order by x.n limit 1;
    end if;
    changed := hindrance is null;
  end if;
  if changed then
    if dependents then
      -- With those that keep one of them from it: another retry may be about to bring these back. Until
      -- none is new, since what is waited for changes.
      loop
        chain := array(select c.id from ${schema}.cancelled_chain(array[given.id]) c);
        wanted := array(
          select d.sequence from ${jobs("chain")}, ${dependencies} where ${isBad}
          union select e.sequence from ${jobs("chain")}
          except select unnest(locked));
        exit when wanted = '{}';
        perform from ${schema}.ended d where d.sequence = any(wanted) order by d.sequence for update;
        locked := locked || wanted;
      end loop;
      back := chain;
      -- A job that depends on another that did not complete stays, and so do those that wait for it.
      while back <> '{}' loop
        staying := array(select distinct e.id from ${jobs("back")}, ${dependencies}
          where ${isBad} and x.id <> given.id
            and x.id not in (select unnest(back)));
        exit when staying = '{}';
        back := array(select unnest(back) except select unnest(staying)
          except select c.id from ${schema}.cancelled_chain(staying) c);
      end loop;
    end if;
    with gone as (
      delete from ${schema}.ended d
      where d.sequence = any(array(select e.sequence from ${jobs("given.id || back")}))
      returning d.*
    ), kept as (
      insert into ${schema}.progress (sequence, attempts, max_attempts, is_suspect, started_at, error,
        attempt_traceparent, claim, trace_epoch)
      select g.sequence, g.attempts,
        greatest(coalesce(g.max_attempts, e.max_attempts), g.attempts + 1),
        coalesce(g.is_suspect, false), g.started_at,
        case when g.sequence = given.sequence then g.error end, g.attempt_traceparent, g.claim,
        g.trace_epoch
      from gone g, lateral (
        select * from ${schema}.enqueued e where e.sequence = g.sequence offset 0) e
    )
    insert into ${schema}.waiting (sequence, queue_name, rank, run_at, kind, has_past)
    select g.sequence, g.queue_name, -e.priority::integer,
      case when g.sequence = given.sequence then t else coalesce(g.run_at, e.run_at) end, 'blocked', true
    from gone g, lateral (
      select * from ${schema}.enqueued e where e.sequence = g.sequence offset 0) e;
    insert into ${schema}.dependencies (dependency, dependent, is_over)
    select f.sequence, e.sequence,
      exists (select from ${schema}.ended d where d.sequence = f.sequence offset 0)
    from ${jobs("given.id || back")}, unnest(e.depends_on) x(id), lateral (
      select sequence from ${schema}.enqueued where id = x.id offset 0) f;
    with free as (
      delete from ${schema}.waiting w where w.sequence = given.sequence
        and not exists (select from ${schema}.dependencies d
          where d.dependent = given.sequence and not d.is_over)
      returning w.*
    )
    insert into ${schema}.ready (sequence, queue_name, rank, run_at, has_past)
    select sequence, queue_name, rank, run_at, true from free;
    if found then ready_queues := array[given.queue_name]; end if;
    -- When a part of a cancelled tree is retried, no more of the tree is to be cancelled.
    delete from ${schema}.cancelled_trees c where c.root_id = any(array(
      with recursive above(id) as (
        select unnest(given.id || back)
        union
        select e.parent_id from above a, lateral (
          select parent_id from ${schema}.enqueued where id = a.id offset 0) e
        where e.parent_id is not null
      )
      select id from above));
    -- Of those that stay because of another than before, that is the reason now.
    update ${schema}.ended d set error = ${schema}.dependency_error(x.dependency_id, x.status)
    from (
      select distinct on (e.sequence) e.sequence, x.id as dependency_id, d.status
      from ${jobs("chain")}, ${dependencies}
      where e.id not in (select unnest(back)) and ${isBad}
      order by e.sequence, x.n
    ) x
    where d.sequence = x.sequence
      and (${cancelledFor("d")} in (select unnest(given.id || back))) is true;
  end if;
  select * into job from ${schema}.jobs j where j.id = retry_job.job_id;
  if found then return next; end if;
end $$;
`;
}
