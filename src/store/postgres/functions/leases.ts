/**
 * Extending leases and sweeping expired ones inside the server, each in one statement.
 *
 * @module
 */
import {
  defaultBackoff,
  defaultJitter,
  longestBackoffMs,
  longestDelayMs,
} from "../../../job/backoff.ts";
import { byIndex, interpreted, pinned, readCommitted } from "./settings.ts";

/** The functions of leases. `schema` is a quoted name. */
export function leaseFunctions(schema: string): string {
  return `
-- A job whose lease has expired, while it is swept.
create type ${schema}.swept_job as (
  place integer, sequence bigint, id uuid, queue_name text, rank integer, run_at timestamptz,
  claimed_at timestamptz, has_begun boolean, backoff text, attempt smallint, max_attempts smallint,
  worker integer, progress ${schema}.progress
);

-- The wait in ms after the given attempt by a job's own back-off rule, else by the default one.
create function ${schema}.backoff_ms(rule jsonb, attempt integer) returns float8
language sql volatile as $$
  select greatest(0, least(${longestDelayMs}, round(case r ->> 'type'
    when 'fixed' then (r ->> 'delayMs')::float8
    when 'linear' then least((r ->> 'delayMs')::float8 * attempt, (r ->> 'maxMs')::float8)
    else least((r ->> 'delayMs')::float8 * 2 ^ least(attempt - 1, 60),
        coalesce((r ->> 'maxMs')::float8, ${longestBackoffMs}))
      * (1 - coalesce((r ->> 'jitter')::float8, ${defaultJitter}) * random()) end)))
  from (select coalesce(rule, '${JSON.stringify(defaultBackoff)}') as r) x
$$;

-- Whether a claim still holds jobs: by place. Whoever asks has the claim's row locked, or only looks.
create function ${schema}.lease_states(
  holder ${schema}.claims, places integer[], sequences bigint[]
) returns text[]
language plpgsql stable ${interpreted} as $$
declare
  -- In variables of their own, which are read by place at once: in the row they would be read whole.
  held bigint[] := holder.sequences;
  open_places boolean[] := holder.is_open;
begin
  return (
    select array_agg(case
        when s.is_held then 'held'
        when d.status = 'cancelled' then 'cancelled'
        else 'lost' end order by s.n)
    from (
        select n, sequence, held[place] = sequence and open_places[place] is not false as is_held
        from unnest(places, sequences) with ordinality s (place, sequence, n)) s
      left join lateral (select * from ${schema}.ended d
        where d.sequence = s.sequence and s.is_held is not true offset 0) d on true);
end $$;

-- Extends leases that still hold, and notes which of their attempts have begun. The leases are a list of
-- claims, by token, each with the places and the jobs of some of its leases, and which have begun. Writes
-- one row for a claim; the other leases of the claim expire when they would have. Answers the state of
-- each lease.
create function ${schema}.extend_leases(
  leases jsonb, lease_ms float8, at timestamptz default null
) returns text[]
language plpgsql ${byIndex} as $$
declare
  t timestamptz := coalesce(at, date_trunc('milliseconds', clock_timestamp()));
  item record;
  claim ${schema}.claims;
  of_claim text[];
  states text[] := '{}';
  until timestamptz[];
  begun boolean[];
  first timestamptz;
  place integer;
begin
  ${readCommitted}
  for item in
    select (e ->> 0)::uuid as token, (e ->> 1)::integer[] as places, (e ->> 2)::bigint[] as sequences,
      (e ->> 3)::boolean[] as begun
    from jsonb_array_elements(leases) e
  loop
    select * into claim from ${schema}.claims c where c.token = item.token for update;
    if claim.token is null then
      -- An outcome may have written the row anew while this one waited: a new look sees that.
      select * into claim from ${schema}.claims c where c.token = item.token for update;
    end if;
    of_claim := ${schema}.lease_states(claim, item.places, item.sequences);
    states := states || of_claim;
    continue when claim.token is null or 'held' <> all(of_claim);
    until := coalesce(claim.leased_until,
      array_fill(claim.lapses_at, array[cardinality(claim.sequences)]));
    begun := coalesce(claim.have_begun, array_fill(false, array[cardinality(claim.sequences)]));
    for i in 1 .. cardinality(of_claim) loop
      place := item.places[i];
      if of_claim[i] = 'held' then
        until[place] := t + lease_ms * interval '1 ms';
        begun[place] := begun[place] or item.begun[i];
      end if;
    end loop;
    select min(u.until) into first from unnest(until, claim.is_open) u (until, is_open)
      where u.is_open is not false;
    update ${schema}.claims c set leased_until = until, have_begun = begun,
      lapses_at = first where c.token = item.token;
  end loop;
  return states;
end $$;

-- Answers the state of each lease, given as to extend_leases.
create function ${schema}.check_leases(leases jsonb) returns text[]
language plpgsql stable ${byIndex} as $$
declare
  item record;
  claim ${schema}.claims;
  states text[] := '{}';
begin
  for item in
    select (e ->> 0)::uuid as token, (e ->> 1)::integer[] as places, (e ->> 2)::bigint[] as sequences
    from jsonb_array_elements(leases) e
  loop
    select * into claim from ${schema}.claims c where c.token = item.token;
    states := states || ${schema}.lease_states(claim, item.places, item.sequences);
  end loop;
  return states;
end $$;

-- Takes back the jobs whose lease has expired, or the one of them with an id. Returns them as they are
-- stored then, each with the attempt that was lost: none where it is certain that none had begun.
create function ${schema}.sweep(
  most integer, at timestamptz default null, only_id uuid default null
)
returns table (job ${schema}.jobs, lost_attempt smallint, swept_at timestamptz, ready_queues text[])
language plpgsql ${pinned} as $$
#variable_conflict use_column
declare
  t timestamptz := coalesce(at, date_trunc('milliseconds', clock_timestamp()));
  reason json := json_build_object('name', 'LeaseLostError', 'message',
    'The worker neither settled the job nor extended its lease in time');
  claim ${schema}.claims;
  swept ${schema}.swept_job[] := '{}';
  of_claim ${schema}.swept_job[];
  freed text[];
  also_freed text[];
  done bigint[];
  cancelled bigint[];
begin
  ${readCommitted}
  for claim in
    select c.* from ${schema}.claims c where lapses_at < t order by lapses_at for update skip locked
  loop
    exit when cardinality(swept) >= most;
    of_claim := array(
      select row(x.place, x.sequence, e.id, e.queue_name, -e.priority::integer, x.run_at,
        claim.claimed_at, coalesce(x.has_begun, false), e.backoff,
        coalesce(p.attempts, 0) + 1, coalesce(p.max_attempts, e.max_attempts),
        claim.worker, p.progress)::${schema}.swept_job
      from unnest(claim.sequences, claim.run_ats, claim.leased_until, claim.have_begun, claim.is_open)
          with ordinality x (sequence, run_at, until, has_begun, is_open, place),
        lateral (select * from ${schema}.enqueued e where e.sequence = x.sequence offset 0) e
        left join lateral (select p as progress, p.attempts, p.max_attempts
          from ${schema}.progress p
          where p.sequence = e.sequence and claim.has_past offset 0) p on true
      where x.is_open is not false and coalesce(x.until, claim.lapses_at) < t
        and e.id = coalesce(only_id, e.id)
      limit most - cardinality(swept));
    swept := swept || of_claim;
    perform ${schema}.close_places(claim, array(select s.place from unnest(of_claim) s));
  end loop;
  insert into ${schema}.attempts (job_id, attempt, outcome, started_at, finished_at, error, worker)
  select s.id, s.attempt, 'lease_expired', s.claimed_at, t, reason, s.worker
  from unnest(swept) s where s.has_begun or s.progress is null or not (s.progress).is_suspect;
  insert into ${schema}.progress as p (sequence, attempts, max_attempts, releases, snoozes, is_suspect,
    started_at, error, attempt_traceparent, claim, trace_epoch, operation)
  select s.sequence, s.attempt - (not s.has_begun)::integer, s.max_attempts,
    case when s.has_begun then 0 else coalesce((s.progress).releases, 0) end,
    case when s.has_begun then 0 else coalesce((s.progress).snoozes, 0) end,
    not s.has_begun or coalesce((s.progress).is_suspect, false), s.claimed_at,
    case when s.has_begun or s.progress is null or not (s.progress).is_suspect then reason
      else (s.progress).error end,
    case when not s.has_begun and (s.progress).is_suspect then (s.progress).attempt_traceparent end,
    null, (s.progress).trace_epoch, (s.progress).operation
  from unnest(swept) s where not s.has_begun or s.attempt < s.max_attempts
  on conflict (sequence) do update set attempts = excluded.attempts, releases = excluded.releases,
    snoozes = excluded.snoozes, is_suspect = excluded.is_suspect, started_at = excluded.started_at, error = excluded.error,
    attempt_traceparent = excluded.attempt_traceparent, claim = null;
  insert into ${schema}.waiting (sequence, queue_name, rank, run_at, kind, has_past)
  select s.sequence, s.queue_name, s.rank,
    t + interval '1 ms' * ${schema}.backoff_ms(s.backoff::jsonb, s.attempt), 'retrying', true
  from unnest(swept) s where s.has_begun and s.attempt < s.max_attempts;
  insert into ${schema}.ready (sequence, queue_name, rank, run_at, has_past)
  select s.sequence, s.queue_name, s.rank, s.run_at, true from unnest(swept) s where not s.has_begun;
  freed := array(select distinct s.queue_name from unnest(swept) s
    where not s.has_begun or s.attempt < s.max_attempts);
  with ended_now as (
    insert into ${schema}.ended as d (sequence, id, queue_name, status, run_at, attempts, max_attempts,
      started_at, finished_at, error, trace_epoch, is_suspect, worker, operation)
    select s.sequence, s.id, s.queue_name, 'failed', s.run_at, s.attempt, s.max_attempts,
      s.claimed_at, t, reason, (s.progress).trace_epoch, nullif((s.progress).is_suspect, false),
      s.worker, (s.progress).operation
    from unnest(swept) s where s.has_begun and s.attempt >= s.max_attempts
    returning d.sequence
  )
  select array_agg(sequence) into done from ended_now;
  if done is not null then
    delete from ${schema}.progress where sequence = any(done);
    delete from ${schema}.dependencies where dependent = any(done);
    select e.ready_queues, e.cancelled into also_freed, cancelled from ${schema}.end_jobs(done, t) e;
    freed := freed || also_freed;
    perform ${schema}.end_traces(done || cancelled, t, true);
  end if;
  return query select x.job,
    case when s.has_begun or s.progress is null or not (s.progress).is_suspect then s.attempt end, t, freed
  from unnest(swept) s, lateral (
    select j as job from ${schema}.jobs j where j.sequence = s.sequence offset 0) x;
end $$;

-- Closes places of a claim whose row is locked; the row goes with the last of them.
create function ${schema}.close_places(claim ${schema}.claims, places integer[]) returns void
language plpgsql ${interpreted} as $$
declare
  remaining boolean[] := coalesce(claim.is_open, array_fill(true, array[cardinality(claim.sequences)]));
  place integer;
begin
  if claim.open <= cardinality(places) then
    delete from ${schema}.claims c where c.token = claim.token;
    return;
  end if;
  foreach place in array places loop
    remaining[place] := false;
  end loop;
  update ${schema}.claims c set is_open = remaining, open = claim.open - cardinality(places),
    lapses_at = coalesce((
      select min(x.until) from unnest(claim.leased_until, remaining) x (until, is_open)
      where x.is_open), claim.lapses_at)
  where c.token = claim.token;
end $$;
`;
}
