/**
 * The plain case of settling, in one statement: a job completes that no job waits for and that was
 * alone in its trace, so that the trace has ended with it.
 *
 * @module
 */
import { traceIdIn } from "../../job/traceparent.ts";
import type { Settlement } from "../store.ts";
import type { Database } from "./database.ts";

/**
 * Completes a job if that is all there is to do; else changes nothing. To be called before anything
 * else ends in the same transaction: the end of a trace is recorded once.
 *
 * @returns Whether it has.
 */
export function completePlainly(
  database: Database,
  { jobId, leaseToken, change, runMs, traceparent }: Settlement,
  now: number,
): boolean {
  if (change.status !== "completed") return false;
  const changed = database.run(
    complete,
    now - Math.round(runMs),
    now,
    change.result ?? null,
    traceparent ?? null,
    now,
    jobId,
    leaseToken,
    traceparent === undefined ? null : traceIdIn(traceparent),
  );
  return changed > 0;
}

// Retried after it had ended its trace, a job counts on from its own epoch.
const complete = "update hammerwork_jobs set status = 'completed', started_at = ?, " +
  "finished_at = ?, releases = 0, result = ?, error = null, attempt_traceparent = ?, " +
  "lease_token = null, leased_until = null, " +
  "trace_end_due = ?, trace_epoch = coalesce(trace_epoch, 0) + 1 " +
  "where id = ? and status = 'running' and lease_token = ? and joined_trace = 0 " +
  "and trace_id = coalesce(?, trace_id) " +
  "and not exists (select 1 from hammerwork_dependencies where dependency_id = hammerwork_jobs.id) " +
  "and not exists (select 1 from hammerwork_jobs as other indexed by hammerwork_jobs_unfinished " +
  "where other.trace_id = hammerwork_jobs.trace_id " +
  "and other.joined_trace = 1 and other.finished_at is null) " +
  "and not exists (select 1 from hammerwork_jobs as other indexed by hammerwork_jobs_trace_epoch " +
  "where other.trace_id = hammerwork_jobs.trace_id " +
  "and other.joined_trace = 1 and other.trace_epoch is not null)";
