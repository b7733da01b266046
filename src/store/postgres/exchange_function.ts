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

/** Reads the settlements: a subquery, with a row for each. */
const settlementRows = `(
        select n::integer as ord, (e ->> 0)::uuid as id, e ->> 1 as lease_token, e ->> 2 as "to",
          (e ->> 3)::float8 as run_ms, e ->> 4 as traceparent, e ->> 5 as result,
          e ->> 6 as outcome, e ->> 7 as error, (e ->> 8)::float8 as delay_ms,
          (e ->> 9) is null as started
        from jsonb_array_elements(settlements) with ordinality as x (e, n))`;

/** Notes the traces that attempts ran in, where those are not their jobs' own. */
function ranElsewhere(schema: string, attempts: string): string {
  return `
      insert into ${schema}.attempt_traces (trace_id, job_id)
      select ran_in, id from (
        select id, trace_id, case when traceparent ~ '^..-[0-9a-f]{32}-'
          then substr(traceparent, 4, 32)::uuid end as ran_in
        from ${attempts} where traceparent is not null) r
      where ran_in <> trace_id
      on conflict do nothing
    `;
}

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
  done uuid[];
  sharing uuid[];
  alone uuid[];
  also_held integer[];
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
    with gone as (
      delete from ${schema}.live l using ${settlementRows} s
      where l.id = s.id and l.lease_token::text = s.lease_token and l.status = 'running'
        and s."to" in ('completed', 'failed')
      returning l.*, s.ord, s."to", s.run_ms, s.traceparent, s.result, s.outcome,
        s.error::json as reason
    ), recorded as (
      insert into ${schema}.ended as d (sequence, id, trace_id, queue_name, status, run_at, attempts,
        max_attempts, started_at, finished_at, result, error, attempt_traceparent, lease_token,
        trace_epoch, trace_end_due)
      select sequence, id, trace_id, queue_name, "to", run_at, attempts, max_attempts,
        t - run_ms * interval '1 ms', t, result::json, reason, traceparent, lease_token,
        -- Most traces have one job, whose end is theirs. All others are looked at below.
        case when is_alone then coalesce(trace_epoch, 0) + 1 else trace_epoch end,
        case when is_alone then t end
      from gone g, lateral (select not exists (select from ${schema}.enqueued o
        where o.trace_id = g.trace_id and o.sequence <> g.sequence) as is_alone offset 0) x
      returning d.id, d.trace_end_due
    ), remembered as (
      insert into ${schema}.attempts
        (job_id, attempt, outcome, started_at, finished_at, error, traceparent)
      select id, attempts, outcome, t - run_ms * interval '1 ms', t, reason, traceparent
      from gone where "to" = 'failed'
    ), elsewhere as (${ranElsewhere(schema, "gone")})
    select (select array_agg(ord) from gone), array_agg(id),
      array_agg(id) filter (where trace_end_due is null),
      array_agg(id) filter (where trace_end_due is not null)
    into held, done, sharing, alone
    from recorded;
    if coalesce(cardinality(held), 0) < jsonb_array_length(settlements) then
      with kept as (
        update ${schema}.live l set
          status = s."to",
          attempts = l.attempts - (s."to" = 'ready')::integer,
          run_at = case when s."to" = 'retrying' then t + s.delay_ms * interval '1 ms'
            else l.run_at end,
          started_at = case when s.started then t - s.run_ms * interval '1 ms'
            else l.started_at end,
          error = case when s.started then s.error::json else l.error end,
          attempt_traceparent = case when s.started then s.traceparent
            else l.attempt_traceparent end,
          leased_until = null
        from ${settlementRows} s
        where l.id = s.id and l.lease_token::text = s.lease_token and l.status = 'running'
          and s."to" in ('ready', 'retrying')
        returning s.ord, s."to", s.started, s.outcome, s.error, s.traceparent, l.id, l.queue_name,
          l.attempts + (s."to" = 'ready')::integer as attempt, l.started_at, l.trace_id
      ), remembered as (
        insert into ${schema}.attempts
          (job_id, attempt, outcome, started_at, finished_at, error, traceparent)
        select id, attempt, outcome, started_at, t, error::json, traceparent
        from kept where started
      ), elsewhere as (${ranElsewhere(schema, "kept")})
      select array_agg(ord), array_agg(distinct queue_name) into also_held, queues from kept;
      held := coalesce(held, '{}') || also_held;
      queues := coalesce(queues, '{}');
    end if;
    if coalesce(cardinality(held), 0) < jsonb_array_length(settlements) then
      select array_agg(case
          when s.ord = any(held) then 'held'
          when resent and l.lease_token::text = s.lease_token and l.status <> 'running' then 'held'
          when resent and d.lease_token::text = s.lease_token then 'held'
          when d.status = 'cancelled' then 'cancelled'
          else 'lost' end order by s.ord)
        into states
        from ${settlementRows} s
        left join ${schema}.live l on l.id = s.id
        left join ${schema}.enqueued e on e.id = s.id
        left join ${schema}.ended d on d.sequence = e.sequence;
    end if;
    if alone is not null then
      -- Meanwhile another job may have come into the trace, which that statement could not see.
      with joined as (
        select e.id, e.sequence from ${schema}.enqueued e
        where e.id = any(alone) and exists (select from ${schema}.enqueued o
          where o.trace_id = e.trace_id and o.sequence <> e.sequence)
      ), shared as (
        update ${schema}.ended d
        set trace_end_due = null, trace_epoch = nullif(d.trace_epoch - 1, 0)
        from joined j where d.sequence = j.sequence
      )
      select coalesce(sharing, '{}') || array_agg(id) into sharing from joined;
    end if;
    if done is not null
      and exists (select from ${schema}.dependencies where dependency_id = any(done))
    then
      select e.woken, e.cancelled_ids into freed, cancelled from ${schema}.end_jobs(done, t) e;
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
    update ${schema}.live l set status = 'ready'
    where l.id = any(array(
      select id from ${schema}.live
      where queue_name = claim."queueName" and status in ('scheduled', 'retrying') and run_at <= t
      order by run_at limit ${promotedAtOnce} for update skip locked));
    get diagnostics promoted = row_count;
    return query
      update ${schema}.live l set status = 'running', attempts = l.attempts + 1, started_at = t,
        lease_token = claim_token, leased_until = t + claim."leaseMs" * interval '1 ms'
      from ${schema}.enqueued e
      where l.id = any(array(
        select id from ${schema}.live
        where queue_name = claim."queueName" and status = 'ready'
        order by priority desc, run_at, sequence limit claim."limit" for update skip locked))
        and e.sequence = l.sequence
      returning ${claimedColumns(schema)};
    get diagnostics taken = row_count;
    if taken >= claim."limit" or promoted >= ${promotedAtOnce} then
      next_in := 0;
    else
      select run_at into due from ${schema}.live
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
    exists (select from ${schema}.live where status = 'running' and leased_until < t));
  return next;
end $$;
`;
}
