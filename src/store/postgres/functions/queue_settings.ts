/**
 * Pauses inside the server. While a claim looks whether its queue is paused, and until it is committed, it
 * holds a lock that it shares with all claims. A pause is written, then waits until no claim has it, then is
 * committed. So after its answer no claim is under way that has not seen it. The lock is one of the whole
 * schema: a call claims from several queues, and a pause can be one of all.
 *
 * @module
 */
import { quotedText } from "../sql.ts";
import { byIndex } from "./settings.ts";

/**
 * Takes the lock that claims share, up to the end of the transaction: an expression. Whether a queue is
 * paused is to be read by a later statement: that sees what was committed while this one waited.
 */
export function claimLock(schema: string): string {
  return `pg_advisory_xact_lock_shared(${lockKey(schema)})`;
}

/** Until when a queue, an SQL expression, is paused: by its own pause or that of all queues. */
export function pausedUntil(schema: string, queue: string): string {
  return `(select max(paused_until) from ${schema}.queues where name in ('', ${queue}))`;
}

/** The functions that pause. `schema` is a quoted name, `channel` the same as a literal. */
export function queueSettingsFunctions(schema: string, channel: string): string {
  return `
-- Pauses a queue, or all queues if its name is empty. Of two pauses the one that ends later holds.
create function ${schema}.pause_queue(
  queue text, until timestamptz, reason text, who text, t timestamptz
) returns void
language plpgsql ${byIndex} as $$
begin
  insert into ${schema}.queues as q (name, paused_until, paused_since, pause_reason, paused_by)
  select pause_queue.queue, pause_queue.until, t, pause_queue.reason, pause_queue.who
  where pause_queue.until > t
  on conflict (name) do update set paused_until = excluded.paused_until,
    paused_since = case when q.paused_until > t then coalesce(q.paused_since, t) else t end,
    pause_reason = excluded.pause_reason, paused_by = excluded.paused_by
  where (q.paused_until > excluded.paused_until) is not true;
  perform pg_notify(${channel}, json_build_object('paused', pause_queue.queue)::text);
end $$;

-- Pauses a queue, for ms or until a time or without an end; or ends its pause. Returns what is set then.
create function ${schema}.configure_queue(
  queue text, pauses boolean, until timestamptz, for_ms float8, reason text, who text,
  at timestamptz default null
) returns setof ${schema}.queues
language plpgsql ${byIndex} as $$
declare
  t timestamptz := coalesce(at, date_trunc('milliseconds', clock_timestamp()));
begin
  if pauses then
    perform ${schema}.pause_queue(queue,
      coalesce(configure_queue.until, t + for_ms * interval '1 ms', 'infinity'), reason, who, t);
    -- What has claimed without having seen it is over then.
    perform pg_advisory_xact_lock(${lockKey(schema)});
  else
    update ${schema}.queues q
    set paused_until = null, paused_since = null, pause_reason = null, paused_by = null
    where q.name = configure_queue.queue;
    perform pg_notify(${channel}, json_build_object('resumed', configure_queue.queue)::text);
  end if;
  return query select * from ${schema}.queues q
    where q.name = configure_queue.queue and q.paused_until > t;
end $$;
`;
}

function lockKey(schema: string): string {
  return `hashtext('hammerwork.claims'), hashtext(${quotedText(schema)})`;
}
