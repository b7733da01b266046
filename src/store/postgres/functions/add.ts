/**
 * Adding jobs inside the server: a graph of jobs in one statement, and one job from plain SQL.
 *
 * @module
 */
import { mostAttempts } from "../../../job/job_options.ts";
import { parentCancelled } from "../../rules.ts";
import { givenColumns, inputRows, rank, startsAt } from "../rows.ts";
import { claimLock, pausedUntil } from "./queue_settings.ts";
import { byIndex, inSets, interpreted, pinned } from "./settings.ts";

/** The SQLSTATEs of our own refusals; the message is the id. */
export const unknownJob = "HW001";
/** See above. */
export const jobIdTaken = "HW002";
// Never leaves its function.
const storedMeanwhile = "HW003";

/** The functions that add. `schema` is a quoted name, `channel` the same as a literal. */
export function addFunctions(schema: string, channel: string): string {
  return `
-- Refuses jobs that depend on one that is not stored.
create function ${schema}.refuse_unknown(id uuid) returns bigint
language plpgsql as $$
begin
  raise exception using errcode = '${unknownJob}', message = id::text;
end $$;

-- Refuses a job under the id of a stored one with another queue or another payload.
create function ${schema}.refuse_taken(id uuid) returns void
language plpgsql as $$
begin
  raise exception using errcode = '${jobIdTaken}', message = id::text;
end $$;

-- The same where jobs are refused, inside the statement that could not insert them all.
create function ${schema}.refuse_taken(input text) returns boolean
language plpgsql ${byIndex} as $$
begin
  perform ${schema}.refuse_taken(i.id) from ${inputRows("input::jsonb")} i, lateral (
    select e.queue_name, e.payload from ${schema}.enqueued e where e.id = i.id offset 0) e
  where e.queue_name <> i.queue_name or e.payload::text <> i.payload;
  return true;
end $$;

-- Whether a new job of a queue could be claimed at once: none stands before it, and it is not paused.
create function ${schema}.is_free(queue text, t timestamptz) returns boolean
language plpgsql ${pinned} as $$
begin
  -- Not stable: what comes then is to see the pauses that were committed meanwhile.
  perform ${claimLock(schema)};
  return not (exists (select from ${schema}.ready where queue_name = queue)
    or exists (select from ${schema}.waiting
      where queue_name = queue and kind <> 'blocked' and run_at <= t)
    or coalesce(${pausedUntil(schema, "queue")} > t, false));
end $$;

-- Stores those of some jobs that are not stored yet, and nothing about where they are: which of them those
-- are, in order, with their sequences. For each job also the one that it is: a stored one, by id, or the
-- one with this number. What refers to a job that is another one is made to refer to that.
create function ${schema}.insert_jobs(
  input jsonb, t timestamptz, out made integer[], out sequences bigint[],
  out makers integer[], out stored uuid[]
) language plpgsql ${inSets} as $$
declare
  taken uuid;
begin
  with item as materialized (
    select i.*, ${startsAt} as starts_at, min(i.ord) over (partition by i.id) as first_of_id
    from ${inputRows("input")} i
  ), known as materialized (
    -- Of those with one id, the first is looked up: by its id, else by its key.
    select i.*, same.sequence is not null as is_same, coalesce(same.differs, false) as differs,
      coalesce(same.id, keyed.id) as stored_id
    from item i
      left join lateral (
        select e.id, e.sequence, e.queue_name <> i.queue_name or e.payload::text <> i.payload as differs
        from ${schema}.enqueued e where e.id = i.id offset 0) same on true
      left join lateral (
        select e.id from ${schema}.enqueued e
        where same.id is null and e.queue_name = i.queue_name
          and e.idempotency_key = i.idempotency_key offset 0) keyed on true
    where i.ord = i.first_of_id
  ), resolved as materialized (
    -- Of those with one key that are not stored, the first is made.
    select k.*, case when k.stored_id is not null then null
        when k.idempotency_key is null then k.ord
        else min(k.ord) filter (where k.stored_id is null)
          over (partition by k.queue_name, k.idempotency_key) end as maker
    from known k
  ), answered as (
    select i.ord, r.maker, r.stored_id,
      r.differs or (i.ord <> r.ord and (r.is_same or r.maker = r.ord)
        and (i.queue_name <> r.queue_name or i.payload <> r.payload)) as is_refused, i.id
    from item i join resolved r on r.ord = i.first_of_id
  ), others as materialized (
    select jsonb_object_agg(r.id, coalesce(r.stored_id, m.id)) as ids
    from resolved r left join resolved m on m.ord = r.maker
    where coalesce(r.stored_id, m.id) <> r.id
  ), inserted as (
    insert into ${schema}.enqueued as e
      (${givenColumns}, payload, payload_bytes, parent_id, depends_on, created_at, run_at)
    select ${givenColumns}, payload::json, octet_length(payload),
      case when parent_id is not null
        then coalesce((select (ids ->> parent_id::text)::uuid from others), parent_id) end,
      case when depends_on = '{}' then '{}' else array(
        select coalesce((select (ids ->> d::text)::uuid from others), d) as id
        from unnest(depends_on) with ordinality x (d, n)
        group by 1 order by min(n)) end,
      t, starts_at
    from resolved where maker = ord order by ord
    on conflict do nothing returning e.sequence
  )
  select a.makers, a.stored, a.taken,
    coalesce((select array_agg(r.ord order by r.ord) from resolved r where r.maker = r.ord), '{}'),
    coalesce((select array_agg(i.sequence order by i.sequence) from inserted i), '{}')
  into makers, stored, taken, made, sequences
  from (
    select array_agg(maker order by ord) as makers, array_agg(stored_id order by ord) as stored,
      (array_agg(id order by ord) filter (where is_refused))[1] as taken
    from answered) a;
  if taken is not null then
    perform ${schema}.refuse_taken(taken);
  end if;
end $$;

-- Says where new jobs are: as they are to be run, or cancelled because of a parent or a dependency, and
-- then those too that are parts of these or depend on them. They are younger than all that they depend
-- on. No job is locked, since a caller's transaction may stay open for long: free_late_dependents looks
-- at what ends meanwhile.
create function ${schema}.place_jobs(
  sequences bigint[], t timestamptz, out statuses text[], out errors json[]
) language plpgsql ${inSets} as $$
begin
  -- The usual case in a small statement: it costs a call of few jobs most.
  with made as materialized (
    select e.sequence, e.queue_name, e.priority, e.run_at, w.dependencies, w.are_over,
      coalesce(w.is_blocked, false) as is_blocked,
      p.is_cancelled or (w.have_failed and e.on_dependency_failure = 'cancel') as is_cancelled
    from unnest(sequences) s (sequence), lateral (
        select e.sequence, e.queue_name, e.priority, e.run_at, e.parent_id, e.depends_on,
          e.on_dependency_failure
        from ${schema}.enqueued e where e.sequence = s.sequence offset 0) e,
      lateral (${dependenciesOf(schema, "e")}) w
      left join lateral (
        select true as is_cancelled from ${schema}.ended p
        where p.id = e.parent_id and p.status = 'cancelled' offset 0) p on true
  ), usual as materialized (
    select * from made where (select coalesce(bool_and(is_cancelled is not true), true) from made)
  ), into_ready as (
    insert into ${schema}.ready (sequence, run_at, rank, has_past, queue_name)
    select sequence, run_at, ${rank}, dependencies is not null, queue_name
    from usual where not is_blocked and run_at <= t
  ), into_waiting as (
    insert into ${schema}.waiting (sequence, run_at, rank, has_past, kind, queue_name)
    select sequence, run_at, ${rank}, dependencies is not null,
      case when is_blocked then 'blocked' else 'scheduled' end, queue_name
    from usual where is_blocked or run_at > t
  ), into_dependencies as (
    insert into ${schema}.dependencies (dependency, dependent, is_over)
    select d.dependency, u.sequence, d.is_over
    from usual u, unnest(u.dependencies, u.are_over) d (dependency, is_over)
  )
  select array_agg(case when is_blocked then 'blocked' when run_at <= t then 'ready'
    else 'scheduled' end) into statuses from usual;
  if statuses is null then
    select c.statuses, c.errors into statuses, errors
      from ${schema}.place_cancelled_jobs(sequences, t) c;
  end if;
end $$;

-- The same where some are cancelled.
create function ${schema}.place_cancelled_jobs(
  sequences bigint[], t timestamptz, out statuses text[], out errors json[]
) language plpgsql ${inSets} as $$
begin
  with recursive made as materialized (
    select e.* from unnest(sequences) s (sequence), lateral (
      select e.sequence, e.id, e.queue_name, e.priority, e.run_at, e.parent_id, e.depends_on,
        e.on_dependency_failure = 'cancel' as is_strict
      from ${schema}.enqueued e where e.sequence = s.sequence offset 0) e
  ), awaited as materialized (
    -- What is stored and how it has ended are of one moment.
    select m.sequence, m.is_strict, x.n, x.id,
      coalesce(d.sequence, ${schema}.refuse_unknown(x.id)) as dependency, o.status
    from made m, unnest(m.depends_on) with ordinality x (id, n)
      left join lateral (
        select e.sequence from ${schema}.enqueued e
        where e.id = x.id and e.sequence < m.sequence offset 0) d on true
      left join lateral (
        select o.status from ${schema}.ended o where o.sequence = d.sequence offset 0) o on true
  ), orphaned as materialized (
    select m.sequence from made m, lateral (
      select from ${schema}.ended p where p.id = m.parent_id and p.status = 'cancelled' offset 0) p
  ), part (parent, sequence) as materialized (
    select p.sequence, m.sequence from made m join made p on p.id = m.parent_id
    where p.sequence < m.sequence
  ), cause (sequence, effect) as materialized (
    select a.dependency, a.sequence from awaited a where a.is_strict and a.status is null
    union all select * from part
  ), cancelled (sequence) as (
    (select o.sequence from orphaned o
      union select a.sequence from awaited a where a.is_strict and a.status <> 'completed')
    union
    select c.effect from cancelled b join cause c on c.sequence = b.sequence
  ), over as materialized (
    select a.*, coalesce(a.status, case when c.sequence is not null then 'cancelled' end) as ended_as
    from awaited a left join cancelled c on c.sequence = a.dependency
  ), reason as materialized (
    -- Of several dependencies, the first that did not complete.
    select distinct on (sequence) sequence, ${schema}.dependency_error(id, ended_as) as error
    from over where is_strict and ended_as <> 'completed' order by sequence, n
  ), placed as materialized (
    select m.*, m.depends_on <> '{}' as has_past,
      case when c.sequence is not null then 'cancelled'
        when b.sequence is not null then 'blocked'
        when m.run_at <= t then 'ready' else 'scheduled' end as status,
      case when p.sequence is not null then ${parentError("m.parent_id")} else r.error end as error
    from made m
      left join cancelled c on c.sequence = m.sequence
      left join (select o.sequence from orphaned o
        union select x.sequence from part x join cancelled y on y.sequence = x.parent) p
        on p.sequence = m.sequence
      left join reason r on r.sequence = m.sequence
      left join (select distinct v.sequence from over v where v.ended_as is null) b
        on b.sequence = m.sequence
  ), into_ready as (
    insert into ${schema}.ready (sequence, run_at, rank, has_past, queue_name)
    select sequence, run_at, ${rank}, has_past, queue_name from placed where status = 'ready'
    order by sequence
  ), into_waiting as (
    insert into ${schema}.waiting (sequence, run_at, rank, has_past, kind, queue_name)
    select sequence, run_at, ${rank}, has_past, status, queue_name from placed
    where status in ('blocked', 'scheduled') order by sequence
  ), into_ended as (
    insert into ${schema}.ended (sequence, id, finished_at, attempts, status, queue_name, error)
    select sequence, id, t, 0, status, queue_name, error from placed where status = 'cancelled'
    order by sequence
  ), into_dependencies as (
    insert into ${schema}.dependencies (dependency, dependent, is_over)
    select v.dependency, v.sequence, v.ended_as is not null
    from over v join placed p on p.sequence = v.sequence
    where p.status <> 'cancelled' order by v.dependency, v.sequence
  )
  select array_agg(status order by sequence), array_agg(error order by sequence)
  into statuses, errors from placed;
  -- No waiting: no transaction ever sees these as unfinished, and a caller's may stay open long.
  perform ${schema}.end_traces(array(
    select x.sequence from unnest(sequences, statuses) x (sequence, status)
    where x.status = 'cancelled'), t, false);
end $$;

-- Adds jobs none of which is stored, of which each comes behind those that it depends on. Fails where one
-- is stored.
create function ${schema}.add_new_jobs(
  input jsonb, at timestamptz, out t timestamptz, out sequences bigint[], out statuses text[],
  out errors json[]
) language plpgsql ${interpreted} as $$
begin
  t := coalesce(at, date_trunc('milliseconds', clock_timestamp()));
  with made as (
    insert into ${schema}.enqueued as e
      (${givenColumns}, payload, payload_bytes, parent_id, depends_on, created_at, run_at)
    select ${givenColumns}, payload::json, octet_length(payload), parent_id, depends_on, t, ${startsAt}
    from ${inputRows("input")} i
    returning e.sequence
  )
  select array_agg(m.sequence) into sequences from made m;
  select p.statuses, p.errors into statuses, errors from ${schema}.place_jobs(sequences, t) p;
end $$;

-- Stored jobs. Payloads and results that are not to be answered are not read.
create function ${schema}.stored_jobs(ids uuid[], with_payloads boolean, with_results boolean)
returns table (ord integer, job ${schema}.jobs)
language plpgsql ${byIndex} as $$
begin
  for ord in select n from generate_subscripts(ids, 1) n loop
    continue when ids[ord] is null;
    select * into job from ${schema}.jobs j where j.id = ids[ord];
    -- Until here they are references: a row is answered with all that it refers to.
    if not with_payloads then job.payload := null; end if;
    if not with_results then job.result := null; end if;
    return next;
  end loop;
end $$;

-- Adds jobs, of which each comes behind those that it depends on. For a key that another transaction has
-- just used it waits for as long as patience says, a lock_timeout. Answers for each of them, in no order,
-- the number of the one that made it, or the job that had been stored.
create function ${schema}.add_jobs(
  input jsonb, at timestamptz default null, patience text default null,
  with_payloads boolean default true, with_results boolean default true
)
returns table (ord integer, maker integer, sequence bigint, status text, error json, t timestamptz,
  job ${schema}.jobs)
language plpgsql ${interpreted} as $$
#variable_conflict use_variable
declare
  fresh record;
  place record;
begin
  t := coalesce(at, date_trunc('milliseconds', clock_timestamp()));
  if patience is not null then
    perform set_config('lock_timeout', patience, true);
  end if;
  loop
    begin
      fresh := ${schema}.insert_jobs(input, t);
      exit when cardinality(fresh.made) = cardinality(fresh.sequences);
      -- Another transaction stored one of them between the look and the insert. Now it is seen.
      raise exception using errcode = '${storedMeanwhile}';
    exception when sqlstate '${storedMeanwhile}' then
    end;
  end loop;
  if fresh.made <> '{}' then
    place := ${schema}.place_jobs(fresh.sequences, t);
    return query select x.made, x.made, x.sequence, x.status, x.error, t, null::${schema}.jobs
      from unnest(fresh.made, fresh.sequences, place.statuses, place.errors)
        x (made, sequence, status, error);
    return query select x.n::integer, x.maker, null::bigint, null::text, null::json, t,
        null::${schema}.jobs
      from unnest(fresh.makers) with ordinality x (maker, n) where x.maker <> x.n;
  end if;
  if cardinality(array_remove(fresh.stored, null)) > 0 then
    return query select x.ord, null::integer, null::bigint, null::text, null::json, t,
        x.job
      from ${schema}.stored_jobs(fresh.stored, with_payloads, with_results) x;
  end if;
end $$;

-- Enqueues one job from plain SQL, in the caller's transaction. Returns its id; with an idempotency
-- key that was used before, the first job's. Where its parent is cancelled, so is the job.
create function ${schema}.enqueue(
  queue_name text,
  payload json,
  correlation_id text default null,
  traceparent text default null,
  trace_id uuid default null,
  parent_id uuid default null,
  idempotency_key text default null,
  priority integer default 0,
  delay interval default '0',
  max_attempts integer default 3
) returns uuid
language plpgsql ${interpreted} as $$
declare
  random text := replace(gen_random_uuid()::text, '-', '');
  -- A UUIDv7 (RFC 9562): milliseconds first, so that ids made later sort later.
  job_id uuid := (lpad(to_hex((date_part('epoch', clock_timestamp()) * 1000)::bigint), 12, '0')
    || '7' || substr(random, 14))::uuid;
  -- As W3C Trace Context wants it: more fields only from versions above 00; a malformed one is ignored.
  is_valid boolean := (traceparent ~ '^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$' or traceparent ~
      '^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}(-[^\\n\\r\\u2028\\u2029]*)?$'
      and traceparent !~ '^(00|ff)')
    and traceparent !~ '^..-0{32}' and traceparent !~ '^..-.{32}-0{16}';
  stored_id uuid;
  new_sequence bigint;
  t timestamptz := date_trunc('milliseconds', clock_timestamp());
begin
  if enqueue.queue_name !~ '^[A-Za-z0-9][A-Za-z0-9_.:-]{0,127}$' then
    raise exception using errcode = '22023', message = 'A queue name must be a letter or digit, '
      'then up to 127 letters, digits or _ . : -: got ' || quote_literal(enqueue.queue_name);
  end if;
  if enqueue.correlation_id !~ '^[^[:cntrl:]]{1,255}$' then
    raise exception using errcode = '22023', message = 'A correlation id must be 1 to 255 '
      'characters without control characters: got ' || quote_literal(enqueue.correlation_id);
  end if;
  if enqueue.trace_id = '00000000-0000-0000-0000-000000000000' then
    raise exception using errcode = '22023', message = 'A trace id must have a digit other than 0: '
      'got ' || quote_literal(enqueue.trace_id);
  end if;
  if enqueue.priority not between -32768 and 32767 then
    raise exception using errcode = '22023', message = 'priority must be a whole number from -32768 '
      'to 32767: got ' || enqueue.priority;
  end if;
  if enqueue.max_attempts not between 1 and ${mostAttempts} then
    raise exception using errcode = '22023', message = 'max_attempts must be a whole number from 1 '
      'to ${mostAttempts}: got ' || enqueue.max_attempts;
  end if;
  insert into ${schema}.enqueued as e (id, queue_name, payload, payload_bytes, priority,
    max_attempts, idempotency_key, trace_id, correlation_id, parent_id, traceparent, created_at, run_at)
  values (job_id, enqueue.queue_name, enqueue.payload, octet_length(enqueue.payload::text),
    enqueue.priority, enqueue.max_attempts, enqueue.idempotency_key,
    case when is_valid then substr(enqueue.traceparent, 4, 32)::uuid
      else coalesce(enqueue.trace_id, gen_random_uuid()) end,
    enqueue.correlation_id, enqueue.parent_id,
    case when is_valid then enqueue.traceparent end,
    t, t + greatest(enqueue.delay, interval '0'))
  on conflict do nothing
  returning e.sequence, e.id into new_sequence, stored_id;
  if new_sequence is not null then
    perform ${schema}.place_jobs(array[new_sequence], t);
  else
    select e.id into stored_id from ${schema}.enqueued e
      where e.queue_name = enqueue.queue_name and e.idempotency_key = enqueue.idempotency_key;
  end if;
  perform pg_notify(${channel}, enqueue.queue_name);
  return stored_id;
end $$;
`;
}

/** What a new job depends on: what is stored, and how it has ended, are of one moment. */
function dependenciesOf(schema: string, job: string): string {
  return `
        select array_agg(coalesce(d.sequence, ${schema}.refuse_unknown(x.id)) order by x.n)
            as dependencies,
          array_agg(o.status is not null order by x.n) as are_over,
          bool_or(o.status is null) as is_blocked, bool_or(o.status <> 'completed') as have_failed
        from unnest(${job}.depends_on) with ordinality x (id, n)
          left join lateral (
            select d.sequence from ${schema}.enqueued d
            where d.id = x.id and d.sequence < ${job}.sequence offset 0) d on true
          left join lateral (
            select o.status from ${schema}.ended o where o.sequence = d.sequence offset 0) o on true`;
}

/** The error of a job whose parent, an SQL expression, is cancelled. */
function parentError(parent: string): string {
  const { name, message } = parentCancelled("");
  return `json_build_object('name', '${name}', 'message', '${message}', 'parentId', ${parent})`;
}
