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

/** Ends a job and frees, or cancels, those that waited for it. A chain of any length is walked flat. */
export function end(
  database: Database,
  id: string,
  ending: Ending,
  now: number,
  effects: Effects,
): void {
  finish(database, id, ending, now, effects);
  const ended = [{ id, status: ending.status }];
  for (let one = ended.pop(); one !== undefined; one = ended.pop()) {
    for (const dependent of takeDependents(database, one.id)) {
      if (dependent.status !== "blocked") continue;
      const dependentId = dependent.id as string;
      if (one.status !== "completed" && dependent.on_dependency_failure === "cancel") {
        const error = dependencyFailed(one.id, one.status);
        finish(database, dependentId, { status: "cancelled", error }, now, effects);
        ended.push({ id: dependentId, status: "cancelled" });
      } else if (dependent.is_free) {
        const runAt = Math.max(dependent.run_at as number, now);
        wait(database, dependent, { status: runAt <= now ? "ready" : "scheduled", runAt }, effects);
      }
    }
  }
}

function finish(
  database: Database,
  id: string,
  { status, error, result }: Ending,
  now: number,
  effects: Effects,
): void {
  effects.ended.push(id);
  database.run(
    "update hammerwork_jobs set status = ?, finished_at = ?, error = ?, result = ?, " +
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

/** Removes the rows of those that waited for a job, and says how they stand without it. */
function takeDependents(database: Database, id: string): Row[] {
  return database.all(
    "delete from hammerwork_dependencies where dependency_id = ? returning job_id",
    id,
  ).map(({ job_id }) =>
    database.get(
      "select id, queue_name, status, run_at, on_dependency_failure, not exists " +
        "(select 1 from hammerwork_dependencies where job_id = hammerwork_jobs.id) as is_free " +
        "from hammerwork_jobs where id = ?",
      job_id!,
    )
  ).filter((row) => row !== undefined);
}
