/**
 * Removing jobs that have ended inside the server: when their time is over, and for an operator.
 *
 * @module
 */
import { byIndex, readCommitted } from "./settings.ts";

/** The functions that remove. `schema` is a quoted name. */
export function removeFunctions(schema: string): string {
  return `
-- Removes ended jobs, whose rows are locked, with all that is stored of them. Returns how many.
create function ${schema}.remove_jobs(sequences bigint[]) returns integer
language plpgsql ${byIndex} as $$
declare
  gone uuid[];
begin
  with removed as (
    delete from ${schema}.ended d where d.sequence = any(sequences) returning d.id
  )
  select array_agg(r.id) into gone from removed r;
  if gone is null then return 0; end if;
  delete from ${schema}.enqueued e where e.sequence = any(sequences);
  delete from ${schema}.attempts a where a.job_id = any(gone);
  delete from ${schema}.attempt_traces a where a.job_id = any(gone);
  return cardinality(gone);
end $$;

-- Removes those of these jobs that stand as the statuses say and ended at a time or earlier, but for those on
-- which a job depends that has not ended. Returns how many, and how many were kept.
create function ${schema}.delete_many(
  sequences bigint[], statuses text[], as_of timestamptz, at timestamptz,
  out changed integer, out refused integer, out ready_queues text[], out interrupted uuid[],
  out t timestamptz
) language plpgsql ${byIndex} as $$
declare
  ended_ones bigint[];
begin
  ${readCommitted}
  ready_queues := '{}';
  interrupted := '{}';
  t := coalesce(at, date_trunc('milliseconds', clock_timestamp()));
  ended_ones := array(select d.sequence from ${schema}.ended d
    where d.sequence = any(sequences) and d.status = any(statuses)
      and (as_of is null or d.finished_at <= as_of)
    order by d.sequence for update);
  changed := ${schema}.remove_jobs(array(select x.sequence from unnest(ended_ones) x(sequence)
    where not exists (select from ${schema}.dependencies w
      where w.dependency = x.sequence offset 0)));
  refused := cardinality(ended_ones) - changed;
end $$;
`;
}
