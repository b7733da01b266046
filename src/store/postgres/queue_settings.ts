/**
 * What is set for queues in Postgres: their pauses. All queues have an empty name.
 *
 * @module
 */
import type { NewPause, QueueSettings, QueueSettingsChange } from "../queue_settings.ts";
import type { Client, Row } from "./client.ts";
import { retriedIdempotent } from "./errors.ts";
import { optional, time } from "./rows.ts";

const columns = "q.name, date_part('epoch', q.paused_until) * 1000 as paused_until, " +
  "date_part('epoch', q.paused_since) * 1000 as paused_since, q.pause_reason, q.paused_by";

/** Pauses a queue, or ends its pause. */
export async function configureQueue(
  client: Client,
  schema: string,
  { queueName = "", pause }: QueueSettingsChange,
  at: number | null,
): Promise<QueueSettings | undefined> {
  const { until, forMs, reason, by }: NewPause = pause ?? {};
  const [row] = await retriedIdempotent(() =>
    client.query(
      `select ${columns} from ${schema}.configure_queue($1, $2, to_timestamp($3::float8 / 1000), ` +
        "$4::float8, $5, $6, to_timestamp($7::float8 / 1000)) q",
      [
        queueName,
        pause !== null,
        finite(until),
        finite(forMs),
        reason ?? null,
        by ?? null,
        at,
      ],
      client.longLimitMs,
    )
  );
  return row && toSettings(row);
}

/** What is set at present; what is set for all queues comes first. */
export async function readSettings(
  client: Client,
  schema: string,
  at: number | null,
): Promise<readonly QueueSettings[]> {
  const rows = await client.look(
    `select ${columns} from ${schema}.queues q where q.paused_until > ` +
      "coalesce(to_timestamp($1::float8 / 1000), clock_timestamp()) order by q.name",
    [at],
  );
  return rows.map(toSettings);
}

/** A time without an end is none. */
function finite(ms: number | undefined): number | null {
  return ms === undefined || ms === Infinity ? null : ms;
}

function toSettings(row: Row): QueueSettings {
  const until = row.paused_until as number;
  return {
    queueName: row.name === "" ? undefined : row.name as string,
    pause: {
      since: time(row.paused_since) ?? 0,
      until: until === Infinity ? until : Math.round(until),
      reason: optional<string>(row.pause_reason),
      by: optional<string>(row.paused_by),
    },
  };
}
