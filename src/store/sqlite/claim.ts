/**
 * Claiming from a file.
 *
 * @module
 */
import { type Claim, type ClaimedJob, mostLinks } from "../store.ts";
import { inClaimOrder } from "../claim_order.ts";
import type { Database } from "./database.ts";
import { claimedColumns, toClaimed } from "./claimed.ts";

// A claim promotes at most as many due jobs; the next one goes on.
const PROMOTED_AT_ONCE = 1_000;

/** Promotes what is due and claims what is ready, inside a transaction. */
export function claimJobs(
  database: Database,
  { queueName, limit, leaseMs }: Claim,
  leaseToken: string,
  now: number,
): ClaimedJob[] {
  promoteDue(database, queueName, now);
  // The index is named, so that the plan stays whatever the statistics say.
  const rows = database.all(
    "update hammerwork_jobs set status = 'running', attempts = attempts + 1, " +
      "has_begun = 0, started_at = ?, lease_token = ?, leased_until = ? " +
      "where sequence in (select sequence from hammerwork_jobs indexed by hammerwork_jobs_ready " +
      "where queue_name = ? and status = 'ready' order by priority desc, run_at, sequence limit ?) " +
      `returning ${claimedColumns}`,
    now,
    leaseToken,
    now + leaseMs,
    queueName,
    limit,
  );
  const claimed = rows.map((row) =>
    toClaimed(row, leaseToken, (dependsOn) => contextsOf(database, dependsOn))
  );
  // RETURNING promises no order.
  return claimed.sort(inClaimOrder);
}

/** The contexts that a job links to: of its dependencies' last attempts, else of their creation. */
function contextsOf(database: Database, dependsOn: readonly string[]): readonly string[] {
  if (dependsOn.length === 0) return [];
  return dependsOn.slice(0, mostLinks).flatMap((id) => {
    const dependency = database.get(
      "select coalesce(attempt_traceparent, traceparent) as traceparent " +
        "from hammerwork_jobs where id = ?",
      id,
    );
    return dependency?.traceparent as string | null | undefined ?? [];
  });
}

/** When the next job of a queue can be claimed: now, later, or `Infinity`. Only reads. */
export function nextAt(database: Database, queueName: string, now: number): number {
  const isReady = database.get(
    "select 1 from hammerwork_jobs indexed by hammerwork_jobs_ready " +
      "where queue_name = ? and status = 'ready' limit 1",
    queueName,
  );
  if (isReady) return now;
  const due = database.get(
    "select min(run_at) as run_at from hammerwork_jobs indexed by hammerwork_jobs_due " +
      "where queue_name = ? and status in ('scheduled', 'retrying')",
    queueName,
  );
  return (due?.run_at as number | null) ?? Infinity;
}

function promoteDue(database: Database, queueName: string, now: number): void {
  database.run(
    "update hammerwork_jobs set status = 'ready' " +
      "where sequence in (select sequence from hammerwork_jobs indexed by hammerwork_jobs_due " +
      "where queue_name = ? and status in ('scheduled', 'retrying') and run_at <= ? " +
      "order by run_at limit ?)",
    queueName,
    now,
    PROMOTED_AT_ONCE,
  );
}
