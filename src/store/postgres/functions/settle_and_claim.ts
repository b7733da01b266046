/**
 * Recording outcomes and claiming jobs inside the server: one statement, so that no transaction is ever
 * held open between two messages and any pooler will do.
 *
 * @module
 */
import { mostReleases } from "../../../job/job_options.ts";
import { claimedColumns, claimedTypes } from "../claim.ts";
import { attemptRows, settlementRows } from "../rows.ts";
import { pinned, readCommitted } from "./settings.ts";

// A claim promotes at most as many due jobs; the next one continues.
const promotedAtOnce = 1_000;

/** The function `settle_and_claim`. `schema` is a quoted name. */
export function settleAndClaimFunction(schema: string): string {
  return `
-- Records outcomes, then claims. The last row has no job, but under 'more' a summary, where
-- 'settled' is null when all outcomes were recorded. Of each settlement come, by place: the job's id,
-- the lease's token, the new status, how many ms it ran, its span's context, the result, the outcome,
-- the error, the delay before a retry, and anything if it had not started. 'resent' says that the
-- answer to these settlements was lost, so one that is recorded already is no surprise.
create function ${schema}.settle_and_claim(
  settlements jsonb, claims jsonb, claim_token uuid, resent boolean, at timestamptz default null
) returns table (${claimedTypes})
language plpgsql ${pinned} as $$
#variable_conflict use_column
declare
  t timestamptz := coalesce(at, date_trunc('milliseconds', clock_timestamp()));
  held integer[];
  held_count integer;
  live_jobs ${schema}.live[];
  outcomes jsonb[];
  have_failures boolean;
  have_spans boolean;
  states text[];
  queues text[] := '{}';
  next_in float8[] := '{}';
  wait_ms float8;
  done uuid[];
  sharing uuid[];
  cancelled uuid[];
  freed text[];
  attempt record;
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
    -- Their rows are locked in a statement of its own, in the order in which they come, by id. The next
    -- statement sees what was committed until then, such as a job that came into a trace while its last
    -- one was waited for. They are looked up one by one, so that no statistics can make of it a pass over
    -- all jobs that run.
    select array_agg(s.ord), array_agg(x.l), array_agg(s.outcome),
      array_agg(s.id) filter (where s.new_status in ('completed', 'failed')),
      bool_or(s.new_status <> 'completed'), bool_or(s.outcome ->> 4 is not null)
    into held, live_jobs, outcomes, done, have_failures, have_spans
    from ${settlementRows} s, lateral (
      select l from ${schema}.live l
      where l.id = s.id and l.lease_token::text = s.lease_token and l.leased_until is not null
      for update offset 0) x;
    held_count := coalesce(cardinality(held), 0);
    if held_count < jsonb_array_length(settlements) then
      select array_agg(case
          when s.ord = any(held) then 'held'
          when resent and l.lease_token::text = s.lease_token then 'held'
          when resent and d.lease_token::text = s.lease_token then 'held'
          when d.status = 'cancelled' then 'cancelled'
          else 'lost' end order by s.ord)
        into states
        from ${settlementRows} s
        left join ${schema}.live l on l.id = s.id
        left join ${schema}.enqueued e on e.id = s.id
        left join ${schema}.ended d on d.sequence = e.sequence;
    end if;
    if done is not null then
      delete from ${schema}.live where id = any(done);
      with recorded as (
        insert into ${schema}.ended as d (sequence, id, trace_id, queue_name, status, run_at, attempts,
          max_attempts, started_at, finished_at, result, error, attempt_traceparent, lease_token,
          trace_epoch, trace_end_due, is_suspect)
        select sequence, id, trace_id, queue_name, new_status, run_at, attempts, max_attempts, began, t,
          result, reason, span, lease_token,
          -- Most traces have one job, whose end is theirs. All others are looked at below.
          case when is_alone then coalesce(trace_epoch, 0) + 1 else trace_epoch end,
          case when is_alone then t end, is_suspect
        from ${attemptRows} a, lateral (select not exists (select from ${schema}.enqueued o
          where o.trace_id = a.trace_id and o.sequence <> a.sequence) as is_alone offset 0) x
        where new_status in ('completed', 'failed')
        returning d.id, d.trace_end_due
      )
      select array_agg(id) into sharing from recorded where trace_end_due is null;
    end if;
    if coalesce(cardinality(done), 0) < held_count then
      for attempt in select * from ${attemptRows} a where new_status in ('ready', 'retrying') loop
        update ${schema}.live l set
          status = attempt.new_status,
          attempts = l.attempts - (attempt.new_status = 'ready')::integer,
          run_at = coalesce(t + attempt.delay_ms * interval '1 ms', l.run_at),
          started_at = case when attempt.was_started then attempt.began else l.started_at end,
          error = case when attempt.was_started then attempt.reason else l.error end,
          attempt_traceparent = case when attempt.was_started then attempt.span
            else l.attempt_traceparent end,
          releases = case when attempt.new_status = 'retrying' then null
            when attempt.was_started then least(coalesce(l.releases, 0) + 1, ${mostReleases})
            else l.releases end,
          leased_until = null
        where l.id = attempt.id;
        if attempt.queue_name <> all(queues) then
          queues := queues || attempt.queue_name;
        end if;
      end loop;
    end if;
    if have_failures then
      insert into ${schema}.attempts
        (job_id, attempt, outcome, started_at, finished_at, error, traceparent)
      select id, attempts, ended_as, began, t, reason, span
      from ${attemptRows} a where new_status <> 'completed' and was_started;
    end if;
    if have_spans then
      insert into ${schema}.attempt_traces (trace_id, job_id)
      select ran_in, id from (
        select id, trace_id, case when span ~ '^..-[0-9a-f]{32}-'
          then substr(span, 4, 32)::uuid end as ran_in
        from ${attemptRows} a where span is not null) r
      where ran_in <> trace_id
      on conflict do nothing;
    end if;
    if done is not null
      and exists (select from ${schema}.dependencies where dependency_id = any(done))
    then
      select e.ready_queues, e.cancelled_ids into freed, cancelled from ${schema}.end_jobs(done, t) e;
      queues := queues || freed;
      -- A dependent that was added since its dependency was found to be alone in its trace.
      with again as (
        update ${schema}.ended d
        set trace_end_due = null, trace_epoch = nullif(d.trace_epoch - 1, 0)
        where d.sequence = any(array(select s.sequence from unnest(live_jobs) s))
          and d.trace_end_due is not null
          and exists (select from ${schema}.enqueued o
            where o.trace_id = d.trace_id and o.sequence <> d.sequence offset 0)
        returning d.id
      )
      select coalesce(sharing, '{}') || cancelled || coalesce(array_agg(id), '{}') into sharing
      from again;
    end if;
    if sharing <> '{}' then
      perform ${schema}.end_traces(sharing, t, true);
    end if;
  end if;

  for claim in
    select * from jsonb_to_recordset(claims)
      as x ("queueName" text, "limit" integer, "leaseMs" float8)
  loop
    select run_at into due from ${schema}.live
      where queue_name = claim."queueName" and status in ('scheduled', 'retrying')
      order by run_at limit 1;
    promoted := 0;
    if due <= t then
      update ${schema}.live l set status = 'ready'
      where l.id = any(array(
        select id from ${schema}.live
        where queue_name = claim."queueName" and status in ('scheduled', 'retrying') and run_at <= t
        order by run_at limit ${promotedAtOnce} for update skip locked));
      get diagnostics promoted = row_count;
    end if;
    return query
      with l as (
        update ${schema}.live l set status = 'running', attempts = l.attempts + 1, started_at = t,
          has_begun = null, lease_token = claim_token, leased_until = t + claim."leaseMs" * interval '1 ms'
        where l.id = any(array(
          select id from ${schema}.live
          where queue_name = claim."queueName" and status = 'ready'
          order by priority desc, run_at, sequence limit claim."limit" for update skip locked))
        returning l.*
      )
      select ${claimedColumns(schema)} from l, lateral (
        select * from ${schema}.enqueued e where e.sequence = l.sequence offset 0) e;
    get diagnostics taken = row_count;
    wait_ms := null;
    if taken >= claim."limit" or promoted >= ${promotedAtOnce} then
      wait_ms := 0;
    else
      if due <= t then
        select run_at into due from ${schema}.live
          -- One that is due and still there is locked by another transaction: it is no reason to hurry.
          where queue_name = claim."queueName" and status in ('scheduled', 'retrying') and run_at > t
          order by run_at limit 1;
      end if;
      if due is not null then
        wait_ms := greatest(0, date_part('epoch', due - t) * 1000);
      end if;
    end if;
    next_in := next_in || wait_ms;
  end loop;

  sequence := null;
  more := json_build_object('settled', states, 'readyQueues', queues, 'nextInMs', next_in, 'hasExpired',
    exists (select from ${schema}.live where status = 'running' and leased_until < t),
    'hasCancelledTrees', exists (select from ${schema}.cancelled_trees),
    'lastDependent', (select d.added_in::text from ${schema}.dependencies d
      order by d.added_in desc limit 1));
  return next;
end $$;
`;
}
