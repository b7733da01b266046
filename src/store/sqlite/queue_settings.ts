/**
 * What is set for queues in a file: their pauses. All queues have an empty name.
 *
 * @module
 */
import type { QueueSettings } from "../queue_settings.ts";
import type { Database, Row } from "./database.ts";

const columns = "name, paused_until, paused_since, pause_reason, paused_by";

/** What is set, also pauses that are over. */
export function readSettings(database: Database): readonly QueueSettings[] {
  // Without the condition it would be a scan, of which none is to be in the plans.
  return database.all(`select ${columns} from hammerwork_queues where name >= ''`).map(toSettings);
}

/** Replaces what is set for a queue. */
export function putSettings(database: Database, { queueName = "", pause }: QueueSettings): void {
  database.run("delete from hammerwork_queues where name = ?", queueName);
  if (pause === undefined) return;
  const { until, since, reason = null, by = null } = pause;
  const insert = `insert into hammerwork_queues (${columns}) values (?, ?, ?, ?, ?)`;
  database.run(insert, queueName, until, since, reason, by);
}

/** The later end of the pauses of a queue and of all queues. Read with each claim. */
export function pausedUntil(database: Database, queueName: string): number {
  const sql = "select max(paused_until) as until from hammerwork_queues where name in ('', ?)";
  return (database.get(sql, queueName)?.until as number | null) ?? 0;
}

function toSettings(row: Row): QueueSettings {
  return {
    queueName: row.name === "" ? undefined : row.name as string,
    pause: {
      since: row.paused_since as number,
      until: row.paused_until as number,
      reason: row.pause_reason as string | null ?? undefined,
      by: row.paused_by as string | null ?? undefined,
    },
  };
}
