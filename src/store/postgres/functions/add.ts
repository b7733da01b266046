/**
 * Adding jobs inside the server: a graph of jobs in one statement, and one job from plain SQL.
 *
 * @module
 */
import { byIndex, interpreted } from "./settings.ts";
import { givenColumns, inputRows, isCancelled, liveColumns, startsAt } from "../rows.ts";
import { parentCancelled } from "../../rules.ts";

/** The SQLSTATEs of our own refusals; the message is the id. */
export const unknownJob = "HW001";
/** See above. */
export const jobIdTaken = "HW002";

/** The functions that add. `schema` is a quoted name, `channel` the same as a literal. */
export function addFunctions(schema: string, channel: string): string {
  const ofRow = (row: string, columns: string) =>
    columns.split(", ").map((column) => `${row}.${column}`).join(", ");
  const given = (row: string) => ofRow(row, givenColumns);
  const findStored = `select e.id into found_id from ${schema}.enqueued e where e.id = item.id
      or (e.queue_name = item.queue_name and e.idempotency_key = item.idempotency_key)
      order by e.id = item.id desc limit 1;`;
  return `
-- Which of these jobs have not ended. They are not locked, since a caller's transaction may stay open
-- for long: free_late_dependents looks at what ends meanwhile.
create function ${schema}.pending(ids uuid[]) returns uuid[]
language plpgsql ${byIndex} as $$
declare
  missing uuid;
begin
  select i into missing from unnest(ids) i
    where not exists (select from ${schema}.enqueued e where e.id = i) limit 1;
  if found then
    raise exception using errcode = '${unknownJob}', message = missing::text;
  end if;
  return array(select l.id from ${schema}.live l where l.id = any(ids));
end $$;

-- Refuses a job under the id of a stored one with another queue or another payload.
create function ${schema}.refuse_taken(job_id uuid, queue_name text, payload text) returns void
language plpgsql ${byIndex} as $$
begin
  perform from ${schema}.enqueued e where e.id = job_id
    and (e.queue_name <> refuse_taken.queue_name or e.payload::text <> refuse_taken.payload);
  if found then
    raise exception using errcode = '${jobIdTaken}', message = job_id::text;
  end if;
end $$;

-- The same for each of some jobs, inside the statement that could not insert them all.
create function ${schema}.refuse_taken(input text) returns boolean
language plpgsql ${byIndex} as $$
begin
  perform ${schema}.refuse_taken(i.id, i.queue_name, i.payload) from ${inputRows("input::jsonb")} i;
  return true;
end $$;

-- Adds jobs one after the other, each behind those that it depends on. For a key that another
-- transaction has just used it waits for as long as patience says, a lock_timeout. Payloads and
-- results that are not to be answered are not read.
create function ${schema}.add_jobs(
  input jsonb, at timestamptz default null, patience text default null,
  with_payloads boolean default true, with_results boolean default true
)
returns table (ord integer, deduplicated boolean, job ${schema}.jobs)
language plpgsql ${byIndex} as $$
declare
  t timestamptz := coalesce(at, date_trunc('milliseconds', clock_timestamp()));
  stored_ids jsonb := '{}';
  item record;
  found_id uuid;
  added ${schema}.enqueued;
  dependency_ids uuid[];
  pending uuid[];
  ended_badly record;
  parent uuid;
  cancellation json;
  cancelled uuid[] := '{}';
begin
  if patience is not null then
    perform set_config('lock_timeout', patience, true);
  end if;
  for item in
    select i.*, ${startsAt} as starts_at from ${inputRows("input")} i order by i.ord
  loop
    ${findStored}
    deduplicated := found;
    if found_id = item.id then
      perform ${schema}.refuse_taken(item.id, item.queue_name, item.payload);
    end if;
    if not deduplicated then
      dependency_ids := array(select coalesce((stored_ids ->> d)::uuid, d::uuid) as id
        from jsonb_array_elements_text(item.depends_on) with ordinality x (d, n)
        group by 1 order by min(n));
      pending := case when dependency_ids <> '{}' then ${schema}.pending(dependency_ids) end;
      -- After the look at what has not ended: so none is missed by both.
      select d.id, d.status into ended_badly
        from ${schema}.enqueued e join ${schema}.ended d on d.sequence = e.sequence
        where e.id = any(dependency_ids) and d.status in ('failed', 'cancelled')
          and item.on_dependency_failure = 'cancel'
        order by array_position(dependency_ids, d.id) limit 1;
      parent := coalesce((stored_ids ->> item.parent_id::text)::uuid, item.parent_id);
      cancellation := case
        when ${isCancelled(schema, "parent")} then ${parentError("parent")}
        when ended_badly.id is not null
          then ${schema}.dependency_error(ended_badly.id, ended_badly.status) end;
      insert into ${schema}.enqueued as e
        (${givenColumns}, payload, parent_id, depends_on, created_at, run_at)
      select ${given("item")}, item.payload::json, parent, dependency_ids, t, item.starts_at
      on conflict do nothing returning e.* into added;
      if not found then
        -- Another transaction stored it between our look and our insert.
        deduplicated := true;
        ${findStored}
        if found_id = item.id then
          perform ${schema}.refuse_taken(item.id, item.queue_name, item.payload);
        end if;
      else
        found_id := item.id;
        if cancellation is not null then
          insert into ${schema}.ended (sequence, id, trace_id, queue_name, status, run_at, attempts,
            max_attempts, finished_at, error)
          values (added.sequence, added.id, added.trace_id, added.queue_name, 'cancelled',
            added.run_at, 0, added.max_attempts, t, cancellation);
          cancelled := cancelled || added.id;
        else
          insert into ${schema}.live (${liveColumns}, status)
          values (${ofRow("added", liveColumns)},
            case when pending <> '{}' then 'blocked'
              when added.run_at <= t then 'ready' else 'scheduled' end);
          insert into ${schema}.dependencies (dependency_id, job_id)
            select d, added.id from unnest(pending) d;
        end if;
      end if;
    end if;
    if item.id <> found_id then
      stored_ids := stored_ids || jsonb_build_object(item.id::text, found_id);
    end if;
    ord := item.ord;
    select * into job from ${schema}.jobs j where j.id = found_id;
    -- Until here they are references: a row is answered with all that it refers to.
    if not with_payloads then job.payload := null; end if;
    if not with_results then job.result := null; end if;
    return next;
  end loop;
  -- No waiting: no transaction ever sees these as unfinished, and a caller's may stay open long.
  if cancelled <> '{}' then
    perform ${schema}.end_traces(cancelled, t, false);
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
  is_cancelled boolean;
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
  is_cancelled := ${isCancelled(schema, "enqueue.parent_id")};
  with added as (
    insert into ${schema}.enqueued as e (id, queue_name, payload, priority, max_attempts,
      idempotency_key, trace_id, correlation_id, parent_id, traceparent, created_at, run_at)
    values (job_id, enqueue.queue_name, enqueue.payload, enqueue.priority, enqueue.max_attempts,
      enqueue.idempotency_key,
      case when is_valid then substr(enqueue.traceparent, 4, 32)::uuid
        else coalesce(enqueue.trace_id, gen_random_uuid()) end,
      enqueue.correlation_id, enqueue.parent_id,
      case when is_valid then enqueue.traceparent end,
      t, t + greatest(enqueue.delay, interval '0'))
    on conflict do nothing
    returning ${ofRow("e", liveColumns)}
  ), cancelled as (
    insert into ${schema}.ended (sequence, id, trace_id, queue_name, status, run_at, attempts,
      max_attempts, finished_at, error)
    select a.sequence, a.id, a.trace_id, a.queue_name, 'cancelled', a.run_at, 0, a.max_attempts, t,
      ${parentError("enqueue.parent_id")}
    from added a where is_cancelled
    returning id
  ), placed as (
    insert into ${schema}.live (${liveColumns}, status)
    select ${ofRow("a", liveColumns)}, case when a.run_at <= t then 'ready' else 'scheduled' end
    from added a where not is_cancelled
  )
  select a.id into stored_id from added a;
  if stored_id is not null and is_cancelled then
    perform ${schema}.end_traces(array[stored_id], t, false);
  elsif stored_id is null then
    select e.id into stored_id from ${schema}.enqueued e
      where e.queue_name = enqueue.queue_name and e.idempotency_key = enqueue.idempotency_key;
  end if;
  perform pg_notify(${channel}, enqueue.queue_name);
  return stored_id;
end $$;
`;
}

/** The error of a job whose parent, an SQL expression, is cancelled. */
function parentError(parent: string): string {
  const { name, message } = parentCancelled("");
  return `json_build_object('name', '${name}', 'message', '${message}', 'parentId', ${parent})`;
}
