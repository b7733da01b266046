/**
 * Adding jobs inside the server: a graph of jobs in one statement, and one job from plain SQL.
 *
 * @module
 */

/** The functions that add. `schema` is a quoted name, `channel` the same as a literal. */
export function addFunctions(schema: string, channel: string): string {
  return `
-- Adds jobs one after the other, each behind those that it depends on. A dependency's row is locked
-- against its end, so that it either frees this job or is seen to have ended.
create function ${schema}.add_jobs(input jsonb, at timestamptz default null)
returns table (ord integer, deduplicated boolean, job ${schema}.jobs)
language plpgsql set enable_seqscan = off as $$
declare
  t timestamptz := coalesce(at, date_trunc('milliseconds', clock_timestamp()));
  stored_ids jsonb := '{}';
  item record;
  found_job ${schema}.jobs;
  dependency_ids uuid[];
  pending uuid[];
  known integer;
  ended_badly record;
  starts_at timestamptz;
  ended uuid[] := '{}';
begin
  for item in
    select * from jsonb_to_recordset(input) as x (
      "ord" integer, "id" uuid, "queueName" text, "payload" text, "priority" smallint,
      "delayMs" float8, "runAt" float8, "maxAttempts" smallint, "backoff" text,
      "timeoutMs" integer, "idempotencyKey" text, "dependsOn" jsonb, "onDependencyFailure" text,
      "traceId" uuid, "correlationId" text, "parentId" uuid, "traceparent" text,
      "tracestate" text, "baggage" text, "propagation" text)
  loop
    select * into found_job from ${schema}.jobs j where j.id = item."id"
      or (j.queue_name = item."queueName" and j.idempotency_key = item."idempotencyKey")
      order by j.id = item."id" desc limit 1;
    deduplicated := found;
    if not deduplicated then
      select array_agg(distinct coalesce((stored_ids ->> d)::uuid, d::uuid)) into dependency_ids
        from jsonb_array_elements_text(item."dependsOn") d;
      select count(*), array_agg(l.id) filter (where l.finished_at is null) into known, pending
        from (select id, finished_at from ${schema}.jobs where id = any(dependency_ids)
          order by id for share) l;
      if known < coalesce(cardinality(dependency_ids), 0) then
        raise exception using errcode = 'HW001', message = (
          select d::text from unnest(dependency_ids) d
          where not exists (select 1 from ${schema}.jobs j where j.id = d) limit 1);
      end if;
      select j.id, j.status into ended_badly from ${schema}.jobs j
        where j.id = any(dependency_ids) and j.status in ('failed', 'cancelled') limit 1;
      starts_at := greatest(t, coalesce(to_timestamp(item."runAt" / 1000),
        t + coalesce(item."delayMs", 0) * interval '1 ms'));
      insert into ${schema}.jobs (id, queue_name, status, payload, priority, max_attempts, backoff,
        timeout_ms, idempotency_key, depends_on, on_dependency_failure, trace_id, correlation_id,
        parent_id, traceparent, tracestate, baggage, propagation, created_at, run_at, finished_at,
        error)
      values (item."id", item."queueName",
        case when ended_badly.id is not null and item."onDependencyFailure" = 'cancel'
            then 'cancelled'
          when pending is not null then 'blocked'
          when starts_at <= t then 'ready' else 'scheduled' end,
        item."payload"::json, item."priority", item."maxAttempts", item."backoff",
        item."timeoutMs", item."idempotencyKey",
        coalesce((select array_agg(coalesce((stored_ids ->> d)::uuid, d::uuid) order by n)
          from jsonb_array_elements_text(item."dependsOn") with ordinality e(d, n)), '{}'),
        item."onDependencyFailure", item."traceId", item."correlationId",
        coalesce((stored_ids ->> item."parentId"::text)::uuid, item."parentId"),
        item."traceparent", item."tracestate", item."baggage", item."propagation", t, starts_at,
        case when ended_badly.id is not null and item."onDependencyFailure" = 'cancel' then t end,
        case when ended_badly.id is not null and item."onDependencyFailure" = 'cancel' then
          ${schema}.dependency_error(ended_badly.id, ended_badly.status) end)
      on conflict do nothing returning * into found_job;
      if not found then
        -- Somebody else stored it between our look and our insert.
        deduplicated := true;
        select * into found_job from ${schema}.jobs j where j.id = item."id"
          or (j.queue_name = item."queueName" and j.idempotency_key = item."idempotencyKey")
          order by j.id = item."id" desc limit 1;
      elsif found_job.status = 'cancelled' then
        ended := ended || found_job.id;
      elsif found_job.status = 'blocked' then
        insert into ${schema}.dependencies (dependency_id, job_id)
          select d, found_job.id from unnest(pending) d;
      end if;
    end if;
    if item."id" <> found_job.id then
      stored_ids := stored_ids || jsonb_build_object(item."id"::text, found_job.id);
    end if;
    ord := item."ord";
    job := found_job;
    return next;
  end loop;
  -- No waiting: nobody ever sees these as unfinished, and a caller's transaction may stay open long.
  if ended <> '{}' then
    perform ${schema}.end_traces(ended, t, false);
  end if;
end $$;

-- Enqueues one job from plain SQL, in the caller's transaction. Returns its id; with an idempotency
-- key that was used before, the first job's.
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
language plpgsql as $$
declare
  random text := replace(gen_random_uuid()::text, '-', '');
  -- A UUIDv7 (RFC 9562): milliseconds first, so that ids made later sort later.
  job_id uuid := (lpad(to_hex((date_part('epoch', clock_timestamp()) * 1000)::bigint), 12, '0')
    || '7' || substr(random, 14))::uuid;
  -- As W3C Trace Context wants it; a malformed one is ignored.
  is_valid boolean := traceparent ~ '^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$'
    and traceparent !~ '^00-0{32}' and traceparent !~ '^00-.{32}-0{16}';
  stored_id uuid;
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
  insert into ${schema}.jobs (id, queue_name, status, payload, priority, max_attempts,
    idempotency_key, trace_id, correlation_id, parent_id, traceparent, created_at, run_at)
  values (job_id, enqueue.queue_name,
    case when enqueue.delay <= interval '0' then 'ready' else 'scheduled' end,
    enqueue.payload, enqueue.priority, enqueue.max_attempts, enqueue.idempotency_key,
    case when is_valid then substr(enqueue.traceparent, 4, 32)::uuid
      else coalesce(enqueue.trace_id, gen_random_uuid()) end,
    enqueue.correlation_id, enqueue.parent_id,
    case when is_valid then enqueue.traceparent end,
    t, t + greatest(enqueue.delay, interval '0'))
  on conflict do nothing returning id into stored_id;
  if stored_id is null then
    select j.id into stored_id from ${schema}.jobs j
      where j.queue_name = enqueue.queue_name and j.idempotency_key = enqueue.idempotency_key;
  end if;
  perform pg_notify(${channel}, enqueue.queue_name);
  return stored_id;
end $$;
`;
}
