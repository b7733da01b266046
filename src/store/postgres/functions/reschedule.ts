/**
 * A new time or a new priority for jobs that wait, inside the server.
 *
 * @module
 */
import { operationOf } from "./operation.ts";
import { byIndex, isAmong, readCommitted } from "./settings.ts";

/** The function that reschedules. `schema` is a quoted name. */
export function rescheduleFunctions(schema: string): string {
  return `
-- Changes when those of these jobs are due that stand as the statuses say, or their priority. One that is due
-- and stays due keeps its time; one that is blocked stays so. Returns how many, and what follows.
create function ${schema}.reschedule_many(
  sequences bigint[], statuses text[], new_run_at timestamptz, delay_ms float8,
  new_priority integer, by_operator json, at timestamptz,
  out changed integer, out refused integer, out ready_queues text[], out interrupted uuid[],
  out t timestamptz
) language plpgsql ${byIndex} as $$
#variable_conflict use_column
declare
  due timestamptz;
  new_operation json;
  wanted bigint[] := sequences;
  moved bigint[];
  queues text[];
begin
  ${readCommitted}
  changed := 0;
  refused := 0;
  ready_queues := '{}';
  interrupted := '{}';
  t := coalesce(at, date_trunc('milliseconds', clock_timestamp()));
  due := coalesce(new_run_at, t + delay_ms * interval '1 ms');
  new_operation := ${operationOf("reschedule", "by_operator")};
  -- Jobs move while they are looked for: until none of them is left.
  loop
    wanted := array(select x.sequence from unnest(wanted) x(sequence)
      where ('ready' = any(statuses) and exists (select from ${schema}.ready r
          where r.sequence = x.sequence offset 0))
        or exists (select from ${schema}.waiting w
          where w.sequence = x.sequence and w.kind = any(statuses) offset 0));
    exit when wanted = '{}';
    perform from ${schema}.ready r where r.sequence = any(wanted) order by r.sequence for update;
    perform from ${schema}.waiting w where w.sequence = any(wanted)
      order by w.kind = 'blocked', w.sequence for update;
    with taken as (
      delete from ${schema}.ready r where r.sequence = any(wanted) and 'ready' = any(statuses)
      returning r.sequence, r.queue_name, r.rank, r.run_at, r.has_past, 'ready'::text as kind
    ), waited as (
      delete from ${schema}.waiting w
      where w.sequence = any(wanted) and ${isAmong("w.kind", "statuses")}
      returning w.sequence, w.queue_name, w.rank, w.run_at, w.has_past, w.kind
    ), placed as (
      select x.sequence, x.queue_name, coalesce(-new_priority, x.rank) as rank,
        case when due <= t then least(x.run_at, t) else coalesce(due, x.run_at) end as run_at,
        case when due is null or x.kind = 'blocked' then x.kind
          when due <= t then 'ready'
          when x.kind = 'retrying' then x.kind
          else 'scheduled' end as kind,
        x.has_past or new_operation is not null as has_past
      from (select * from taken union all select * from waited) x
    ), into_ready as (
      insert into ${schema}.ready (sequence, queue_name, rank, run_at, has_past)
      select sequence, queue_name, rank, run_at, has_past from placed where kind = 'ready'
    ), into_waiting as (
      insert into ${schema}.waiting (sequence, queue_name, rank, run_at, kind, has_past)
      select sequence, queue_name, rank, run_at, kind, has_past from placed where kind <> 'ready'
    ), noted as (
      insert into ${schema}.progress (sequence, attempts, max_attempts, operation)
      select p.sequence, 0, e.max_attempts, new_operation from placed p, lateral (
        select max_attempts from ${schema}.enqueued e where e.sequence = p.sequence offset 0) e
      where new_operation is not null
      on conflict (sequence) do update set operation = excluded.operation
    )
    select array_agg(sequence), array_agg(distinct queue_name) into moved, queues from placed;
    if new_priority is not null then
      update ${schema}.enqueued e set priority = new_priority
      where e.sequence = any(moved) and e.priority <> new_priority;
    end if;
    changed := changed + coalesce(cardinality(moved), 0);
    ready_queues := ready_queues || queues;
    wanted := array(select unnest(wanted) except select unnest(moved));
  end loop;
end $$;
`;
}
