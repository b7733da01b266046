/**
 * Bringing ended jobs back in a file, inside a transaction.
 *
 * @module
 */
import { mostAttempts } from "../../job/job_options.ts";
import type { JobRecord } from "../../job/record.ts";
import type { Database } from "./database.ts";
import type { Effects } from "./effects.ts";

/** Whether a job can be tried again: it did not complete, and nothing it depends on is under way. */
export function mayRetry(database: Database, job: JobRecord): boolean {
  if (job.status !== "failed" && job.status !== "cancelled") return false;
  return job.attempts < mostAttempts && database.get(
        "select 1 from hammerwork_jobs where finished_at is null " +
          "and id in (select value from json_each(?)) limit 1",
        JSON.stringify(job.dependsOn),
      ) === undefined;
}

/** Makes a job ready with at least one more attempt. The end that it brought is not told any more. */
export function retryJob(database: Database, job: JobRecord, now: number, effects: Effects): void {
  database.run(
    "update hammerwork_jobs set status = 'ready', run_at = ?, finished_at = null, " +
      "max_attempts = max(max_attempts, attempts + 1), trace_end_due = null where id = ?",
    now,
    job.id,
  );
  effects.woken.add(job.queueName);
}
