/**
 * Ended jobs inside the server: removing those that have been kept for long enough, and counting those
 * that ended lately.
 *
 * @module
 */
import { queueNames } from "../health.ts";
import { longestKeptMs, pinned } from "./settings.ts";

/** The functions of ended jobs. `schema` is a quoted name. */
export function endedFunctions(schema: string): string {
  // Of the queue r; each outcome is a range of an index, from the oldest.
  const over = (status: string) => `
      select * from (
        select d.sequence from ${schema}.ended d
        where d.queue_name = r.name and d.status = '${status}'
          and d.finished_at <= t
            - least((r.kept ->> '${status}')::float8, ${longestKeptMs}) * interval '1 ms'
          -- As long as a dependent has not ended, and one that was added at the same moment may not have
          -- seen yet how this one ended.
          and not exists (select from ${schema}.dependencies w where w.dependency = d.sequence offset 0)
        order by d.finished_at limit most for update skip locked) ${status}`;
  // In an order that one index alone has.
  const count = (status: string) => `
    select '${status}', count(*) from (
      select from ${schema}.ended d
      where d.queue_name = queue.name and d.status = '${status}' and d.finished_at > after
      order by d.finished_at offset 0) d`;
  return `
-- How many jobs each queue has that ended after a time, by how they did.
create function ${schema}.count_ended(after timestamptz)
returns table (queue_name text, status text, count bigint)
language sql stable ${pinned} as $$
  with recursive ${queueNames(schema)}
  select queue.name, x.status, x.count from queue, lateral (${count("completed")}
    union all ${count("failed")}
    union all ${count("cancelled")}) x (status, count)
  where x.count > 0
$$;

-- Removes jobs that have been kept for as long as they are to be, at most so many. Each queue is gone
-- through by itself, so that what is kept there for longer is not passed on the way to other queues.
create function ${schema}.remove_ended(
  retention jsonb, most integer, at timestamptz default null
) returns integer
language plpgsql ${pinned} as $$
declare
  t timestamptz := coalesce(at, clock_timestamp());
  gone bigint[];
begin
  with recursive ${queueNames(schema)}, rule as (
    select name, coalesce(retention #> array['queues', name], retention) as kept from queue
  )
  select array_agg(sequence) into gone from (
    select x.* from rule r, lateral (${over("completed")}
      union all ${over("failed")}
      union all ${over("cancelled")}) x
    limit most) y;
  return ${schema}.remove_jobs(gone);
end $$;
`;
}
