/**
 * A worker's turn inside the server: one statement, so that no transaction is ever held open between
 * two messages and any pooler will do.
 *
 * @module
 */
import { claimedColumns, claimedTypes } from "./claimed_rows.ts";
import { pinned, readCommitted } from "./function_settings.ts";

// A claim promotes at most as many due jobs; the next one goes on.
const promotedAtOnce = 1_000;

/** The function of a turn. `schema` is a quoted name. */
export function exchangeFunction(schema: string): string {
  return `
-- One turn: records outcomes, then claims. The last row has no job, but under 'more' a summary, where
-- 'settled' is null when all outcomes were recorded. Of each settlement come, by place: the job's id, the lease's
-- token, the new status, how many ms it ran, its span's context, the result, the outcome, the error,
-- the delay before a retry, and anything if it had not started. 'resent' says that the answer to
-- these settlements was lost, so one that is recorded already is no surprise.
create function ${schema}.exchange(
  settlements jsonb, claims jsonb, claim_token uuid, resent boolean, at timestamptz default null
) returns table (${claimedTypes})
language plpgsql ${pinned} as $$
#variable_conflict use_column
declare
  t timestamptz := coalesce(at, date_trunc('milliseconds', clock_timestamp()));
  held integer[];
  states text[];
  queues text[] := '{}';
  next_in float8;
  ended uuid[];
  sharing uuid[];
  alone uuid[];
  cancelled uuid[];
  freed text[];
  claim record;
  promoted integer;
  taken integer;
  due timestamptz;
begin
  ${readCommitted}
  -- A crash of the server can lose the last outcomes, and their jobs run again; an enqueue is never
  -- lost. Local to this transaction, so a pooler's connection stays as it is.
  perform set_config('synchronous_commit', 'off', true);
  if settlements <> '[]' then
    with settlement as (
      select n::integer as ord, (e ->> 0)::uuid as id, e ->> 1 as lease_token, e ->> 2 as "to",
        (e ->> 3)::float8 as run_ms, e ->> 4 as traceparent, e ->> 5 as result,
        e ->> 6 as outcome, e ->> 7 as error, (e ->> 8)::float8 as delay_ms,
        (e ->> 9) is null as started
      from jsonb_array_elements(settlements) with ordinality x (e, n)
    ), recorded as (
      update ${schema}.jobs j set
        status = s."to",
        attempts = j.attempts - (s."to" = 'ready')::integer,
        run_at = case when s."to" = 'retrying' then t + s.delay_ms * interval '1 ms'
          else j.run_at end,
        started_at = case when s.started then t - s.run_ms * interval '1 ms'
          else j.started_at end,
        finished_at = case when s."to" in ('completed', 'failed') then t end,
        result = s.result::json,
        error = case when s.started then s.error::json else j.error end,
        attempt_traceparent = case when s.started then s.traceparent
          else j.attempt_traceparent end,
        leased_until = null,
        -- Most traces have one job, whose end is theirs. All others are looked at below.
        (trace_epoch, trace_end_due) = (
          select case when x.ends then coalesce(j.trace_epoch, 0) + 1 else j.trace_epoch end,
            case when x.ends then t end
          from (select s."to" in ('completed', 'failed') and not exists (select 1
            from ${schema}.jobs o
            where o.trace_id = j.trace_id and o.sequence <> j.sequence) as ends offset 0) x)
      from settlement s
      where j.id = s.id and j.lease_token::text = s.lease_token and j.status = 'running'
      returning s.ord, s."to", s.started, s.outcome, s.error, s.traceparent, j.id,
        j.queue_name, j.attempts + (s."to" = 'ready')::integer as attempt, j.started_at,
        j.trace_id, j.trace_end_due
    ), remembered as (
      insert into ${schema}.attempts
        (job_id, attempt, outcome, started_at, finished_at, error, traceparent)
      select id, attempt, outcome, started_at, t, error::json, traceparent
      from recorded where "to" <> 'completed' and started
    ), elsewhere as (
      insert into ${schema}.attempt_traces (trace_id, job_id)
      select ran_in, id from (
        select id, trace_id, case when traceparent ~ '^..-[0-9a-f]{32}-'
          then substr(traceparent, 4, 32)::uuid end as ran_in from recorded
        where traceparent is not null) r
      where ran_in <> trace_id
      on conflict do nothing
    )
    select
      array_agg(ord),
      array_agg(id) filter (where "to" in ('completed', 'failed')),
      array_agg(id) filter (where "to" in ('completed', 'failed') and trace_end_due is null),
      array_agg(id) filter (where trace_end_due is not null),
      array_agg(distinct queue_name) filter (where "to" in ('ready', 'retrying'))
    into held, ended, sharing, alone, queues
    from recorded;
    if coalesce(cardinality(held), 0) < jsonb_array_length(settlements) then
      select array_agg(case
          when s.ord = any(held) then 'held'
          when resent and j.lease_token::text = s.lease_token and j.status <> 'running' then 'held'
          when j.status = 'cancelled' then 'cancelled'
          else 'lost' end order by s.ord)
        into states
        from (select n::integer as ord, (e ->> 0)::uuid as id, e ->> 1 as lease_token
          from jsonb_array_elements(settlements) with ordinality x (e, n)) s
        left join ${schema}.jobs j on j.id = s.id;
    end if;
    queues := coalesce(queues, '{}');
    if alone is not null then
      -- Meanwhile another job may have come into the trace, which that statement could not see.
      with joined as (
        update ${schema}.jobs j set trace_end_due = null, trace_epoch = nullif(j.trace_epoch - 1, 0)
        where j.id = any(alone) and exists (select 1 from ${schema}.jobs o
          where o.trace_id = j.trace_id and o.sequence <> j.sequence)
        returning j.id
      )
      select coalesce(sharing, '{}') || array_agg(id) into sharing from joined;
    end if;
    if ended is not null
      and exists (select 1 from ${schema}.dependencies where dependency_id = any(ended))
    then
      select e.woken, e.cancelled_ids into freed, cancelled from ${schema}.end_jobs(ended, t) e;
      queues := queues || freed;
      sharing := coalesce(sharing, '{}') || cancelled;
    end if;
    if sharing <> '{}' then
      perform ${schema}.end_traces(sharing, t, true);
    end if;
  end if;

  for claim in
    select * from jsonb_to_recordset(claims)
      as x ("queueName" text, "limit" integer, "leaseMs" float8)
  loop
    update ${schema}.jobs j set status = 'ready'
    where j.sequence = any(array(
      select sequence from ${schema}.jobs
      where queue_name = claim."queueName" and status in ('scheduled', 'retrying') and run_at <= t
      order by run_at limit ${promotedAtOnce} for update skip locked));
    get diagnostics promoted = row_count;
    return query
      update ${schema}.jobs j set status = 'running', attempts = j.attempts + 1, started_at = t,
        lease_token = claim_token, leased_until = t + claim."leaseMs" * interval '1 ms'
      where j.sequence = any(array(
        select sequence from ${schema}.jobs
        where queue_name = claim."queueName" and status = 'ready'
        order by priority desc, run_at, sequence limit claim."limit" for update skip locked))
      returning ${claimedColumns(schema, "j")};
    get diagnostics taken = row_count;
    if taken >= claim."limit" or promoted >= ${promotedAtOnce} then
      next_in := 0;
    else
      select run_at into due from ${schema}.jobs
        -- One that is due and still there is locked by another transaction: it is no reason to hurry.
        where queue_name = claim."queueName" and status in ('scheduled', 'retrying') and run_at > t
        order by run_at limit 1;
      if due is not null then
        next_in := least(next_in, greatest(0, date_part('epoch', due - t) * 1000));
      end if;
    end if;
  end loop;

  sequence := null;
  more := json_build_object('settled', states, 'woken', queues, 'nextInMs', next_in, 'hasExpired',
    exists (select 1 from ${schema}.jobs where status = 'running' and leased_until < t));
  return next;
end $$;
`;
}
