/**
 * Bringing ended jobs back in a file, inside a transaction.
 *
 * @module
 */
import { mostAttempts } from "../../job/job_options.ts";
import type { JobRecord } from "../../job/record.ts";
import { canBeRetried, hasEnded, type JobStatus } from "../../job/status.ts";
import { dependencyFailed } from "../reasons.ts";
import { type CancelledDependent, hindranceOf, revivalOf } from "../revival.ts";
import type { Hindrance, RetryOptions } from "../store.ts";
import type { Database } from "./database.ts";
import type { Effects } from "./effects.ts";

/** Retries a job, and says whether it was changed, else what hinders it. */
export function retryJob(
  database: Database,
  job: JobRecord,
  { dependents = true, force = false }: RetryOptions,
  now: number,
  effects: Effects,
): { readonly changed: boolean; readonly hindrance?: Hindrance | undefined } {
  if (!canBeRetried(job.status) || job.attempts >= mostAttempts) return { changed: false };
  const statusOf = (id: string) => findStatus(database, id);
  const hindrance = force ? undefined : hindranceOf(job, statusOf);
  if (hindrance !== undefined) return { changed: false, hindrance };
  const { revived, kept } = dependents
    ? revivalOf(job.id, (id) => cancelledFor(database, id), statusOf)
    : { revived: [], kept: [] };
  database.run("update hammerwork_jobs set run_at = ? where id = ?", now, job.id);
  revive(database, job.id);
  for (const { id } of revived) {
    revive(database, id);
    database.run("update hammerwork_jobs set error = null where id = ?", id);
  }
  for (const dependent of revived) awaitDependencies(database, dependent);
  if (!awaitDependencies(database, job)) {
    database.run("update hammerwork_jobs set status = 'ready' where id = ?", job.id);
    effects.woken.add(job.queueName);
  }
  for (const { job: { id }, cause } of kept) {
    const error = JSON.stringify(dependencyFailed(cause));
    database.run("update hammerwork_jobs set error = ? where id = ?", error, id);
  }
  return { changed: true };
}

/**
 * Brings a job back as one that waits for others, with at least one more attempt. The end that it
 * brought to its trace is not told any more.
 */
function revive(database: Database, id: string): void {
  database.run(
    "update hammerwork_jobs set status = 'blocked', finished_at = null, " +
      "max_attempts = max(max_attempts, attempts + 1), trace_end_due = null where id = ?",
    id,
  );
}

/** Makes a job wait for those of its dependencies that have not ended. Returns whether it does. */
function awaitDependencies(database: Database, { id, dependsOn }: CancelledDependent): boolean {
  const unfinished = dependsOn.filter((one) => !hasEnded(findStatus(database, one) ?? "completed"));
  for (const one of unfinished) {
    database.run(
      "insert into hammerwork_dependencies (dependency_id, job_id) values (?, ?)",
      one,
      id,
    );
  }
  return unfinished.length > 0;
}

/** Those that are cancelled because of a job. */
export function cancelledFor(database: Database, id: string): readonly CancelledDependent[] {
  return database.all(
    "select id, depends_on from hammerwork_jobs indexed by hammerwork_jobs_cancelled_for " +
      "where status = 'cancelled' and json_extract(error, '$.dependencyId') = ?",
    id,
  ).map((row) => ({ id: row.id as string, dependsOn: JSON.parse(row.depends_on as string) }));
}

function findStatus(database: Database, id: string): JobStatus | undefined {
  const row = database.get("select status from hammerwork_jobs where id = ?", id);
  return row?.status as JobStatus | undefined;
}
