/**
 * Where an outcome leaves a job in a file, and those that waited for it.
 *
 * @module
 */
import type { JobError } from "../../job/record.ts";
import { dependencyFailed } from "../reasons.ts";
import type { Database, Row } from "./database.ts";
import type { Effects } from "./effects.ts";

/** How a job ends. */
interface Ending {
  readonly status: "completed" | "failed" | "cancelled";
  readonly error?: JobError | undefined;
  readonly result?: string | undefined;
}

/** Puts a job where it waits: to be claimed, or for its time. */
export function wait(
  database: Database,
  job: Row,
  to: { status: "ready" | "scheduled" | "retrying"; runAt: number; error?: JobError },
  effects: Effects,
): void {
  database.run(
    "update hammerwork_jobs " +
      "set status = ?, run_at = ?, error = ?, lease_token = null, leased_until = null where id = ?",
    to.status,
    to.runAt,
    to.error ? JSON.stringify(to.error) : null,
    job.id!,
  );
  effects.woken.add(job.queue_name as string);
}

/** Ends a job. Who waited for it is freed or cancelled by {@linkcode unblockDependents}. */
export function end(
  database: Database,
  id: string,
  { status, error, result }: Ending,
  now: number,
  effects: Effects,
): void {
  effects.ended.push({ id, status });
  database.run(
    "update hammerwork_jobs set status = ?, finished_at = ?, error = ?, result = ?, releases = 0, " +
      "lease_token = null, leased_until = null where id = ?",
    status,
    now,
    error ? JSON.stringify(error) : null,
    result ?? null,
    id,
  );
  // Only a blocked job waits for others, and only a cancellation ends one.
  if (status === "cancelled") {
    database.run("delete from hammerwork_dependencies where job_id = ?", id);
  }
}

/** Frees, or cancels, those that waited for the jobs of this transaction that ended, level by level. */
export function unblockDependents(database: Database, now: number, effects: Effects): void {
  while (effects.unblocked < effects.ended.length) {
    const ended = effects.ended.slice(effects.unblocked);
    effects.unblocked = effects.ended.length;
    const failed: FailedDependencies = new Map();
    for (const { id, status } of ended) if (status !== "completed") failed.set(id, status);
    const waiting = [...new Set(ended.flatMap(({ id }) => takeDependents(database, id)))];
    const changed = failed.size > 0 ? waiting : freeOf(database, waiting);
    for (const id of changed) unblock(database, id, failed, now, effects);
  }
}

/** Those that wait for nobody any more. Found without their rows, which can be long. */
function freeOf(database: Database, ids: readonly string[]): readonly string[] {
  if (ids.length === 0) return ids;
  return database.all(
    "select value as id from json_each(?) where not exists " +
      "(select 1 from hammerwork_dependencies where job_id = value)",
    JSON.stringify(ids),
  ).map(({ id }) => id as string);
}

type FailedDependencies = Map<string, "failed" | "cancelled">;

/** Of a blocked job some dependencies have just ended; of these, some may have failed. */
function unblock(
  database: Database,
  id: string,
  failed: FailedDependencies,
  now: number,
  effects: Effects,
): void {
  const job = database.get(
    "select id, queue_name, status, run_at, depends_on, on_dependency_failure, not exists " +
      "(select 1 from hammerwork_dependencies where job_id = hammerwork_jobs.id) as is_free " +
      "from hammerwork_jobs where id = ?",
    id,
  );
  if (job?.status !== "blocked") return;
  const cause = failed.size > 0 && job.on_dependency_failure === "cancel"
    ? (JSON.parse(job.depends_on as string) as string[]).find((one) => failed.has(one))
    : undefined;
  if (cause !== undefined) {
    const error = dependencyFailed({ dependencyId: cause, status: failed.get(cause)! });
    end(database, id, { status: "cancelled", error }, now, effects);
  } else if (job.is_free) {
    const runAt = Math.max(job.run_at as number, now);
    database.run(
      "update hammerwork_jobs set status = ?, run_at = ? where id = ?",
      runAt <= now ? "ready" : "scheduled",
      runAt,
      id,
    );
    effects.woken.add(job.queue_name as string);
  }
}

/** Removes the rows of those that waited for a job, and says who they are. */
function takeDependents(database: Database, id: string): string[] {
  return database.all(
    "delete from hammerwork_dependencies where dependency_id = ? returning job_id",
    id,
  ).map(({ job_id }) => job_id as string);
}
