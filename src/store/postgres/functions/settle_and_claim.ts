/**
 * Recording outcomes and claiming jobs inside the server: one statement, so that no transaction is ever
 * held open between two messages and any pooler will do.
 *
 * @module
 */
import { mostInARow } from "../../../job/job_options.ts";
import { claimedColumns, claimedMore, claimedRows } from "../claim.ts";
import { wantsTraceEnds } from "./end.ts";
import { claimLock, pausedUntil } from "./queue_settings.ts";
import { interpreted, pinned, readCommitted } from "./settings.ts";

// A claim promotes at most as many due jobs; the next one continues.
const promotedAtOnce = 1_000;

// The parts of the order of claiming to look through: from a rank and a time to below a rank.
const ranges = `(
            select (x ->> 0)::integer as rank, to_timestamp((x ->> 1)::float8 / 1000) as run_at,
              (x ->> 2)::integer as below
            from jsonb_array_elements(asked -> 'ranges') x) x`;

/** Takes those of the ready jobs that have these `ctid`s. */
const taking = (schema: string, ctids: string) =>
  `with taken as (
        delete from ${schema}.ready r where r.ctid = any(array(${ctids})) returning r.*
      )
      select count(*), bool_or(has_past), min(sequence), max(sequence), array_agg(sequence),
        array_agg(run_at)
      into taken, claimed_past, first_sequence, last_sequence, claimed, run_ats from taken;`;

/** Notes the traces that attempts ran in, where those are not their jobs' own: of rows with a job and a span. */
const addingAttemptTraces = (schema: string, attempts: string) =>
  `insert into ${schema}.attempt_traces (trace_id, job_id)
      select r.ran_in, e.id from (
        select sequence, case when span ~ '^..-[0-9a-f]{32}-' then substr(span, 4, 32)::uuid end as ran_in
        from ${attempts}) r,
        lateral (select id, trace_id from ${schema}.enqueued e where e.sequence = r.sequence offset 0) e
      where ran_in <> trace_id
      on conflict do nothing;`;

/** The functions that settle and claim. `schema` is a quoted name. */
export function settleAndClaimFunctions(schema: string): string {
  return `${claimedMore(schema)}
-- An attempt that did not complete its job, with the job: as it is read from what a call settles.
create type ${schema}.unfinished_attempt as (
  place integer, sequence bigint, new_status text, began timestamptz, span text, outcome text,
  reason json, delay_ms float8, was_started boolean, id uuid, queue_name text, rank integer,
  run_at timestamptz, attempts smallint, max_attempts smallint, progress ${schema}.progress,
  pause_reason text
);

-- Records outcomes of one claim, whose row is locked as the fence. Of those that completed come, by
-- place in the arrays: the place in the claim, the job, how many ms it ran, its span's context or null,
-- the result or null. The others are a list of: place, job, new status, ms, span, outcome, error, delay
-- in ms before the next one, anything if it had not started, and why the queue is paused for as long. Answers which jobs were recorded, which of
-- them ended, and which of these were not alone in their trace.
create function ${schema}.settle(
  claim_token uuid, places integer[], sequences bigint[], run_ms float8[], spans text[], results text[],
  others jsonb, t timestamptz, out recorded bigint[], out done bigint[], out sharing bigint[],
  out have_past boolean, out ready_queues text[], out pauses ${schema}.unfinished_attempt[]
) language plpgsql ${interpreted} as $$
#variable_conflict use_column
declare
  claim ${schema}.claims;
  held bigint[];
  open_places boolean[];
  run_ats timestamptz[];
  worker_id integer;
  attempts ${schema}.unfinished_attempt[];
  failed bigint[];
  stays boolean := false;
begin
  ready_queues := '{}';
  -- Most often these are all that it still holds, and it goes.
  delete from ${schema}.claims c where c.token = claim_token
    and c.open = cardinality(places) + coalesce(jsonb_array_length(others), 0) returning c.* into claim;
  if claim.token is null then
    select * into claim from ${schema}.claims c where c.token = claim_token for update;
    if claim.token is null then return; end if;
    stays := true;
  end if;
  have_past := claim.has_past;
  -- In variables of their own, which are read by place at once.
  held := claim.sequences;
  open_places := claim.is_open;
  run_ats := claim.run_ats;
  worker_id := claim.worker;
  if sequences <> '{}' then
    with ended_now as (
      insert into ${schema}.ended as d (sequence, id, queue_name, status, run_at, attempts, max_attempts,
        started_at, finished_at, result, result_bytes, attempt_traceparent, claim, trace_epoch,
        trace_end_due, is_suspect, worker, operation)
      select e.sequence, e.id, e.queue_name, 'completed', nullif(run_ats[u.place], e.run_at),
        coalesce(p.attempts, 0) + 1, p.max_attempts, t - u.ms * interval '1 ms', t, u.result::json,
        octet_length(u.result), u.span, claim_token,
        -- Most traces have one job, whose end is theirs. All others are looked at later.
        case when is_alone then coalesce(p.trace_epoch, 0) + 1 else p.trace_epoch end,
        case when is_alone then case when ${wantsTraceEnds(schema)} then t else 'infinity' end end,
        nullif(p.is_suspect, false), worker_id, p.operation
      from unnest(places, sequences, run_ms, spans, results) u (place, sequence, ms, span, result),
        lateral (select * from ${schema}.enqueued e where e.sequence = u.sequence offset 0) e
        left join lateral (select * from ${schema}.progress p
          where p.sequence = e.sequence and have_past offset 0) p on true,
        lateral (select not exists (select from ${schema}.enqueued o
          where o.trace_id = e.trace_id and o.sequence <> e.sequence) as is_alone offset 0) x
      where held[u.place] = u.sequence and open_places[u.place] is not false
      returning d.sequence, d.trace_end_due
    )
    select array_agg(sequence), array_agg(sequence) filter (where trace_end_due is null)
    into recorded, sharing from ended_now;
    done := recorded;
    if spans is not null then
      ${
    addingAttemptTraces(
      schema,
      `unnest(places, sequences, spans) u (place, sequence, span)
        where held[u.place] = u.sequence and open_places[u.place] is not false
          and u.span is not null`,
    )
  }
    end if;
    if have_past and recorded is not null then
      delete from ${schema}.progress where sequence = any(recorded);
    end if;
  end if;
  if others is not null then
    attempts := array(
      select row(o.place, o.sequence, o.new_status, t - o.ms * interval '1 ms', o.span, o.outcome,
        o.reason, o.delay_ms, o.was_started, e.id, e.queue_name, -e.priority::integer, run_ats[o.place],
        coalesce(p.attempts, 0) + 1, p.max_attempts,
        p.progress, o.pause_reason)::${schema}.unfinished_attempt
      from (
        select (o ->> 0)::integer as place, (o ->> 1)::bigint as sequence, o ->> 2 as new_status,
          (o ->> 3)::float8 as ms, o ->> 4 as span, o ->> 5 as outcome, (o ->> 6)::json as reason,
          (o ->> 7)::float8 as delay_ms, (o ->> 8) is null as was_started, o ->> 9 as pause_reason
        from jsonb_array_elements(others) o) o,
        lateral (select * from ${schema}.enqueued e where e.sequence = o.sequence offset 0) e
        left join lateral (select p as progress, p.attempts, p.max_attempts
          from ${schema}.progress p
          where p.sequence = e.sequence and have_past offset 0) p on true
      where held[o.place] = o.sequence and open_places[o.place] is not false);
    insert into ${schema}.attempts
      (job_id, attempt, outcome, started_at, finished_at, error, traceparent, worker)
    select id, attempts, outcome, began, t, reason, span, worker_id from unnest(attempts) a
    where was_started and new_status <> 'scheduled';
    ${addingAttemptTraces(schema, "unnest(attempts) where span is not null")}
    with ended_now as (
      insert into ${schema}.ended as d (sequence, id, queue_name, status, run_at, attempts, max_attempts,
        started_at, finished_at, error, attempt_traceparent, claim, trace_epoch, is_suspect,
        worker, operation)
      select a.sequence, a.id, a.queue_name, 'failed', a.run_at, a.attempts, a.max_attempts, a.began, t,
        a.reason, a.span, claim_token, (a.progress).trace_epoch, nullif((a.progress).is_suspect, false),
        worker_id, (a.progress).operation
      from unnest(attempts) a where a.new_status = 'failed'
      returning d.sequence
    )
    select array_agg(sequence) into failed from ended_now;
    done := done || failed;
    sharing := sharing || failed;
    if have_past and failed is not null then
      delete from ${schema}.progress where sequence = any(failed);
    end if;
    ready_queues := ${schema}.put_back(attempts, claim, t);
    if jsonb_path_exists(others, '$[*][9] ? (@ != null)') then
      pauses := array(select a from unnest(attempts) a where a.pause_reason is not null);
    end if;
    recorded := recorded || array(select a.sequence from unnest(attempts) a);
  end if;
  if not stays then
    if coalesce(cardinality(recorded), 0) < claim.open then
      -- One of them was none of its own.
      insert into ${schema}.claims values (claim.*);
      stays := true;
    end if;
  end if;
  if stays and recorded <> '{}' then
    if others is not null or cardinality(recorded) < cardinality(places) then
      places := array(select array_position(held, r.sequence) from unnest(recorded) r (sequence));
    end if;
    perform ${schema}.close_places(claim, places);
  end if;
end $$;

-- Puts jobs back whose attempts are over: those that are retried or snoozed wait for their time, others are
-- ready again, in their old place in the order. Returns the queues of these jobs.
create function ${schema}.put_back(
  attempts ${schema}.unfinished_attempt[], claim ${schema}.claims, t timestamptz
) returns text[]
language plpgsql ${interpreted} as $$
#variable_conflict use_column
begin
  insert into ${schema}.progress as p (sequence, attempts, max_attempts, releases, snoozes, is_suspect,
    started_at, error, attempt_traceparent, claim, trace_epoch, operation)
  select a.sequence, a.attempts - (a.new_status <> 'retrying')::integer,
    coalesce(a.max_attempts, e.max_attempts),
    case when not a.was_started then coalesce((a.progress).releases, 0)
      when a.new_status = 'ready' then least(coalesce((a.progress).releases, 0) + 1, ${mostInARow})
      else 0 end,
    case when not a.was_started then coalesce((a.progress).snoozes, 0)
      when a.new_status = 'scheduled' then least(coalesce((a.progress).snoozes, 0) + 1, ${mostInARow})
      else 0 end,
    coalesce((a.progress).is_suspect, false),
    case when a.was_started then a.began else (put_back.claim).claimed_at end,
    case when a.was_started then a.reason else (a.progress).error end,
    case when a.was_started then a.span else (a.progress).attempt_traceparent end,
    (put_back.claim).token, (a.progress).trace_epoch, (a.progress).operation
  from unnest(attempts) a,
    lateral (select max_attempts from ${schema}.enqueued e where e.sequence = a.sequence offset 0) e
  where a.new_status <> 'failed'
  on conflict (sequence) do update set attempts = excluded.attempts,
    max_attempts = excluded.max_attempts, releases = excluded.releases, snoozes = excluded.snoozes,
    is_suspect = excluded.is_suspect, started_at = excluded.started_at, error = excluded.error,
    attempt_traceparent = excluded.attempt_traceparent, claim = excluded.claim;
  insert into ${schema}.waiting (sequence, queue_name, rank, run_at, kind, has_past)
  select a.sequence, a.queue_name, a.rank, t + a.delay_ms * interval '1 ms', a.new_status, true
  from unnest(attempts) a where a.new_status in ('retrying', 'scheduled');
  insert into ${schema}.ready (sequence, queue_name, rank, run_at, has_past)
  select a.sequence, a.queue_name, a.rank, a.run_at, true
  from unnest(attempts) a where a.new_status = 'ready';
  return array(select distinct a.queue_name from unnest(attempts) a where a.new_status <> 'failed');
end $$;

-- Why outcomes of a claim were not recorded, or that they were: by the call before this one, whose answer
-- was lost, or by this one.
create function ${schema}.states_of_settled(
  claim_token uuid, sequences bigint[], recorded bigint[], resent boolean
) returns text[]
language sql stable ${interpreted} as $$
  select array_agg(case
      when s.sequence = any(recorded) then 'held'
      when resent and d.claim = claim_token then 'held'
      when resent and d.sequence is null and p.claim = claim_token then 'held'
      when d.status = 'cancelled' then 'cancelled'
      else 'lost' end order by s.n)
  from unnest(sequences) with ordinality s (sequence, n)
    left join lateral (select * from ${schema}.ended d where d.sequence = s.sequence offset 0) d on true
    left join lateral (select * from ${schema}.progress p where p.sequence = s.sequence offset 0) p
      on true
$$;

-- The number of a worker that has not announced itself yet, as it begins; null without a name.
create function ${schema}.worker_number(worker_name text, t timestamptz) returns integer
language plpgsql ${interpreted} as $$
declare
  number integer;
begin
  if worker_name is null then return null; end if;
  select w.id into number from ${schema}.workers w where w.name = worker_name;
  if number is null then
    insert into ${schema}.workers as w (name, seen_at, next_in_ms, queue_names)
      values (worker_name, t, 0, '{}')
      on conflict (name) do update set seen_at = greatest(w.seen_at, excluded.seen_at)
      returning w.id into number;
  end if;
  return number;
end $$;

-- What maintenance may have to do.
create function ${schema}.due_maintenance(
  t timestamptz, expired_from timestamptz, dependents_from xid8
) returns json
language plpgsql ${interpreted} as $$
begin
  return (select json_build_object(
    'hasExpired', exists (select from ${schema}.claims where lapses_at >= expired_from and lapses_at < t),
    'hasCancelledTrees', exists (select from ${schema}.cancelled_trees),
    'lastDependent', (select d.added_in::text from ${schema}.dependencies d
      where is_over < true and d.added_in >= dependents_from order by d.added_in desc limit 1)));
end $$;

-- Records outcomes, then claims. The settlements are a list of claims, by token, each with the
-- parameters of settle. A row has several jobs of one claim, which is given by its place. The last row
-- has none, but a summary, where 'settled' is null when all outcomes were recorded; and what maintenance
-- may have to do, if it is to be looked for, and from where. A claim begins at the head, or where its ranges
-- begin. 'resent' says that the answer to these settlements was lost, so one that is recorded already is no
-- surprise.
create function ${schema}.settle_and_claim(
  settlements jsonb, claims jsonb, resent boolean, looks jsonb default '{}',
  at timestamptz default null
) returns table (claim integer, jobs text, payloads text, summary text)
language plpgsql ${pinned} as $$
#variable_conflict use_column
declare
  t timestamptz := coalesce(at, date_trunc('milliseconds', clock_timestamp()));
  item jsonb;
  others jsonb;
  spans text[];
  results text[];
  settled record;
  given bigint[];
  given_count integer := 0;
  states text[];
  queues text[] := '{}';
  next_in float8[] := '{}';
  took_ms float8[] := '{}';
  began timestamptz;
  wait_ms float8;
  done bigint[];
  sharing bigint[];
  awaited bigint[];
  open_jobs bigint[] := '{}';
  ends record;
  have_past boolean := false;
  mode text;
  asked jsonb;
  asked_queue text;
  most integer;
  batch record;
  paused timestamptz;
  pauses ${schema}.unfinished_attempt[];
  paused_queues text[];
  promoted integer;
  taken integer;
  claimed bigint[];
  claimed_past boolean;
  first_sequence bigint;
  last_sequence bigint;
  run_ats timestamptz[];
  due timestamptz;
  due_from timestamptz;
begin
  ${readCommitted}
  -- A crash of the server can lose the last outcomes, and their jobs run again; an enqueue is never
  -- lost. Local to this transaction, so a pooler's connection stays as it is.
  mode := set_config('synchronous_commit', 'off', true);
  -- Expressions without a query cost next to nothing, a query of one row as much as recording a job.
  for i in 0 .. jsonb_array_length(settlements) - 1 loop
    item := settlements -> i;
    spans := null;
    results := null;
    others := null;
    if item -> 4 <> 'null' then
      spans := array(select jsonb_array_elements_text(item -> 4));
    end if;
    if item -> 5 <> 'null' then
      results := array(select jsonb_array_elements_text(item -> 5));
    end if;
    given := (item ->> 2)::bigint[];
    if item -> 6 <> 'null' then
      others := item -> 6;
      given := given || array(select (o ->> 1)::bigint from jsonb_array_elements(others) o);
    end if;
    settled := ${schema}.settle((item ->> 0)::uuid, (item ->> 1)::integer[], (item ->> 2)::bigint[],
      (item ->> 3)::float8[], spans, results, others, t);
    if cardinality(given) > coalesce(cardinality(settled.recorded), 0) then
      states := coalesce(states, '{}') || array_fill('held'::text,
        array[given_count - coalesce(cardinality(states), 0)])
        || ${schema}.states_of_settled((item ->> 0)::uuid, given, settled.recorded, resent);
    end if;
    given_count := given_count + cardinality(given);
    done := done || settled.done;
    sharing := sharing || settled.sharing;
    have_past := have_past or coalesce(settled.have_past, false);
    queues := queues || settled.ready_queues;
    pauses := pauses || settled.pauses;
  end loop;
  if states is not null then
    states := states || array_fill('held'::text, array[given_count - cardinality(states)]);
  end if;
  if done is not null then
    if have_past then
      delete from ${schema}.dependencies where dependent = any(done);
    end if;
    if exists (select from ${schema}.dependencies where dependency = any(done) and not is_over) then
      awaited := done;
      if cardinality(done) > 1 then
        awaited := array(select distinct d.dependency from ${schema}.dependencies d
          where d.dependency = any(done) and not d.is_over);
      end if;
      ends := ${schema}.end_jobs(awaited, t);
      queues := queues || ends.ready_queues;
      open_jobs := coalesce(ends.open_jobs, '{}');
      -- A dependent that was added since its dependency was found to be alone in its trace.
      with again as (
        update ${schema}.ended d
        set trace_end_due = null, trace_epoch = nullif(d.trace_epoch - 1, 0)
        from (select x.sequence from unnest(awaited) x(sequence),
            lateral (select trace_id from ${schema}.enqueued where sequence = x.sequence offset 0) e
          where x.sequence not in (select unnest(sharing)) and exists (select from ${schema}.enqueued o
            where o.trace_id = e.trace_id and o.sequence <> x.sequence offset 0)) x
        where d.sequence = x.sequence
        returning d.sequence
      )
      select sharing || ends.cancelled || array_agg(sequence) into sharing from again;
    end if;
    if sharing <> '{}' then
      perform ${schema}.end_traces(sharing, t, true, open_jobs);
    end if;
  end if;

  -- Before the claims, which share a lock that a pause by an operator waits for.
  if pauses is not null then
    paused_queues := array(select distinct queue_name from unnest(pauses) order by 1);
    perform ${schema}.pause_queue(x.queue_name, x.until, x.pause_reason, null, t) from (
      select distinct on (queue_name) queue_name, t + delay_ms * interval '1 ms' as until, pause_reason
      from unnest(pauses) order by queue_name, delay_ms desc) x;
  end if;
  if claims <> '[]' then
    mode := ${claimLock(schema)};
  end if;
  for i in 0 .. jsonb_array_length(claims) - 1 loop
    asked := claims -> i;
    began := clock_timestamp();
    asked_queue := asked ->> 'queueName';
    most := (asked -> 'limit')::integer;
    due_from := coalesce(to_timestamp((asked -> 'dueFrom')::float8 / 1000), '-infinity');
    select ${pausedUntil(schema, "asked_queue")},
      (select run_at from ${schema}.waiting
        where queue_name = asked_queue and kind <> 'blocked' and run_at >= due_from
        order by run_at limit 1)
    into paused, due;
    if paused > t then
      wait_ms := null;
      if isfinite(paused) then
        if exists (select from ${schema}.ready where queue_name = asked_queue) then
          due := paused;
        end if;
        if due is not null then
          wait_ms := date_part('epoch', greatest(paused, due) - t) * 1000;
        end if;
      end if;
      next_in := next_in || wait_ms;
      took_ms := took_ms || 0::float8;
      continue;
    end if;
    promoted := 0;
    if due <= t then
      with over as (
        delete from ${schema}.waiting w where w.ctid = any(array(
          select ctid from ${schema}.waiting
          where queue_name = asked_queue and kind <> 'blocked'
            and run_at between due_from and t
          order by run_at limit ${promotedAtOnce} for update skip locked))
        returning w.*
      )
      insert into ${schema}.ready (sequence, queue_name, rank, run_at, has_past)
      select sequence, queue_name, rank, run_at, has_past from over;
      get diagnostics promoted = row_count;
    end if;
    if asked -> 'ranges' is null then
      ${
    taking(
      schema,
      `
          select ctid from ${schema}.ready where queue_name = asked_queue
          order by rank, run_at, sequence limit most for update skip locked`,
    )
  }
    else
      ${
    taking(
      schema,
      `
          select y.ctid from ${ranges}, lateral (
            select ctid from ${schema}.ready
            where queue_name = asked_queue and rank < x.below
              and (rank, run_at) >= (x.rank, x.run_at)
            order by rank, run_at, sequence limit most for update skip locked) y
          limit most`,
    )
  }
    end if;
    if taken > 0 then
      insert into ${schema}.claims (token, queue_name, claimed_at, lapses_at, open, has_past,
        first_sequence, last_sequence, sequences, run_ats, worker)
      values ((asked ->> 'token')::uuid, asked_queue, t,
        t + (asked -> 'leaseMs')::float8 * interval '1 ms', taken, claimed_past, first_sequence,
        last_sequence, claimed, run_ats,
        coalesce((asked -> 'worker')::integer, ${schema}.worker_number(asked ->> 'workerName', t)));
      for batch in
        select ${claimedColumns(schema, "r.place", "r.run_at")}
        from unnest(claimed, run_ats) with ordinality r (sequence, run_at, place),
          lateral (select * from ${schema}.enqueued e where e.sequence = r.sequence offset 0) e
          left join lateral (select * from ${schema}.progress p
            where p.sequence = r.sequence and claimed_past offset 0) p on true
        group by ${claimedRows("r.place")}
      loop
        claim := i + 1;
        jobs := batch.jobs;
        payloads := batch.payloads;
        return next;
      end loop;
    end if;
    wait_ms := null;
    if taken >= most or promoted >= ${promotedAtOnce} then
      wait_ms := 0;
    else
      if due <= t then
        select run_at into due from ${schema}.waiting
          -- One that is due and still there is locked by another transaction: it is no reason to hurry.
          where queue_name = asked_queue and kind <> 'blocked' and run_at > t
          order by run_at limit 1;
      end if;
      if due is not null then
        wait_ms := greatest(0, date_part('epoch', due - t) * 1000);
      end if;
    end if;
    next_in := next_in || wait_ms;
    took_ms := took_ms || (date_part('epoch', clock_timestamp() - began) * 1000)::float8;
  end loop;

  claim := null;
  jobs := null;
  payloads := null;
  summary := json_build_object('at', date_part('epoch', t) * 1000, 'settled', states,
    'readyQueues', queues, 'pausedQueues', paused_queues, 'nextInMs', next_in, 'tookMs', took_ms, 'noticed',
    case when looks is not null then ${schema}.due_maintenance(t,
      coalesce(to_timestamp((looks ->> 'expiredFrom')::float8 / 1000), '-infinity'),
      coalesce((looks ->> 'dependentsFrom')::xid8, '0')) end);
  return next;
end $$;
`;
}
