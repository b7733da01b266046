/**
 * The workers of a file: their names, by which number a job knows them, and when they were last seen.
 *
 * @module
 */
import { mostNames } from "../rules.ts";
import { mostWorkers, type WorkerAnnouncement, type WorkerRecord } from "../store.ts";
import type { Database } from "./database.ts";

/** Notes that a worker is there, inside a transaction. With a new name old ones are forgotten. */
export function announceWorker(
  database: Database,
  { name, queueNames, nextInMs, keepMs }: WorkerAnnouncement,
  now: number,
): void {
  const values = [now, Math.ceil(nextInMs), JSON.stringify(queueNames)] as const;
  const isKnown = database.run(
    "update hammerwork_workers set seen_at = ?, next_in_ms = ?, queue_names = ? where name = ?",
    ...values,
    name,
  ) > 0;
  if (isKnown) return;
  database.run(
    "insert into hammerwork_workers (seen_at, next_in_ms, queue_names, name) values (?, ?, ?, ?)",
    ...values,
    name,
  );
  forget(database, now - keepMs);
}

/** The number of a worker, inside a transaction: one that claims may not have announced itself yet. */
export function workerNumber(database: Database, name: string, now: number): number {
  const worker = database.get("select id from hammerwork_workers where name = ?", name);
  if (worker !== undefined) return worker.id as number;
  const id = database.insert(
    "insert into hammerwork_workers (name, seen_at, next_in_ms, queue_names) values (?, ?, 0, '[]')",
    name,
    now,
  );
  forget(database, 0);
  return id;
}

/** Forgets who was seen last before a time, and who is too many. */
function forget(database: Database, before: number): void {
  database.run(
    "delete from hammerwork_workers where seen_at < ? or id in (" +
      `select id from hammerwork_workers order by seen_at desc limit -1 offset ${mostNames})`,
    before,
  );
}

/** The workers that were seen last. */
export function readWorkers(database: Database, now: number): readonly WorkerRecord[] {
  return database.all(
    "select name, queue_names, next_in_ms, seen_at from hammerwork_workers " +
      "order by seen_at desc, id desc limit ?",
    mostWorkers,
  ).map((row) => ({
    name: row.name as string,
    queueNames: JSON.parse(row.queue_names as string),
    nextInMs: row.next_in_ms as number,
    seenAt: row.seen_at as number,
    silentMs: now - (row.seen_at as number),
  }));
}
