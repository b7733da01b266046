/**
 * Claiming from a file. Of a claimed job the payload is returned, and everything else as one JSON array,
 * which is read in less time than a row of columns.
 *
 * @module
 */
import type {
  DependencyFailurePolicy,
  JobError,
  Operation,
  Propagation,
} from "../../job/record.ts";
import { type Claim, type ClaimedJob, mostLinks } from "../store.ts";
import type { Database, Row } from "./database.ts";
import { workerNumber } from "./workers.ts";

// A claim promotes at most as many due jobs; the next one continues.
const PROMOTED_AT_ONCE = 1_000;

/** Promotes what is due and claims what is ready, inside a transaction. */
export function claimJobs(
  database: Database,
  { queueName, limit, leaseMs, workerName }: Claim,
  leaseToken: string,
  now: number,
): ClaimedJob[] {
  promoteDue(database, queueName, now);
  const claimed = database.all(readyJobs, now, queueName, limit)
    .map((row) => ({
      ...toClaimed(row, leaseToken, (dependsOn) => contextsOf(database, dependsOn)),
      workerName,
    }));
  const last = claimed.at(-1);
  if (last === undefined) return claimed;
  // Nobody else writes meanwhile: these are all that come before the last one in the order of claiming.
  const worker = workerName === undefined ? null : workerNumber(database, workerName, now);
  const lease = [now, leaseToken, now + leaseMs, worker, queueName, last.priority] as const;
  if (claimed[0]!.priority > last.priority) {
    database.run(`${setRunning} and priority > ?`, ...lease);
  }
  database.run(upToLast, ...lease, last.runAt, last.sequence);
  return claimed;
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
  const due = database.all(
    "select sequence from hammerwork_jobs indexed by hammerwork_jobs_due " +
      "where queue_name = ? and status in ('scheduled', 'retrying') and run_at <= ? " +
      "order by run_at limit ?",
    queueName,
    now,
    PROMOTED_AT_ONCE,
  );
  for (const { sequence } of due) {
    database.run("update hammerwork_jobs set status = 'ready' where sequence = ?", sequence!);
  }
}

/** The first ready jobs of a queue, as they are once they are claimed. */
const readyJobs: string = "select payload, json_array(sequence, id, queue_name, priority, " +
  "attempts + 1, releases, snoozes, is_suspect, max_attempts, backoff, timeout_ms, idempotency_key, json(depends_on), " +
  "on_dependency_failure, trace_id, correlation_id, parent_id, traceparent, tracestate, baggage, " +
  "propagation, created_at, run_at, ?, json(error), attempt_traceparent, json(operation)) as others " +
  "from hammerwork_jobs indexed by hammerwork_jobs_ready " +
  "where queue_name = ? and status = 'ready' order by priority desc, run_at, sequence limit ?";

// The index is named, so that the plan stays whatever the statistics say.
const setRunning =
  "update hammerwork_jobs indexed by hammerwork_jobs_ready set status = 'running', " +
  "attempts = attempts + 1, has_begun = 0, started_at = ?, lease_token = ?, leased_until = ?, worker = ? " +
  "where queue_name = ? and status = 'ready'";
const upToLast = `${setRunning} and priority = ? and (run_at, sequence) <= (?, ?)`;

/** What comes of it. */
type Others = [
  sequence: number,
  id: string,
  queueName: string,
  priority: number,
  attempts: number,
  releases: number,
  snoozes: number,
  isSuspect: 0 | 1,
  maxAttempts: number,
  backoff: string | null,
  timeoutMs: number | null,
  idempotencyKey: string | null,
  dependsOn: readonly string[],
  onDependencyFailure: DependencyFailurePolicy,
  traceId: string,
  correlationId: string | null,
  parentId: string | null,
  traceparent: string | null,
  tracestate: string | null,
  baggage: string | null,
  propagation: Propagation | null,
  createdAt: number,
  runAt: number,
  startedAt: number,
  error: JobError | null,
  attemptTraceparent: string | null,
  operation: Operation | null,
];

/** A claimed job. `contextsOf` looks up the contexts of the jobs that it depended on. */
function toClaimed(
  { payload, others }: Row,
  leaseToken: string,
  contextsOf: (dependsOn: readonly string[]) => readonly string[],
): ClaimedJob {
  const [
    sequence,
    id,
    queueName,
    priority,
    attempts,
    releases,
    snoozes,
    isSuspect,
    maxAttempts,
    backoff,
    timeoutMs,
    idempotencyKey,
    dependsOn,
    onDependencyFailure,
    traceId,
    correlationId,
    parentId,
    traceparent,
    tracestate,
    baggage,
    propagation,
    createdAt,
    runAt,
    startedAt,
    error,
    attemptTraceparent,
    operation,
  ]: Others = JSON.parse(others as string);
  return {
    sequence,
    id,
    queueName,
    status: "running",
    payload: payload as string,
    priority,
    attempts,
    releases,
    snoozes,
    maxAttempts,
    backoff: backoff ?? undefined,
    timeoutMs: timeoutMs ?? undefined,
    idempotencyKey: idempotencyKey ?? undefined,
    dependsOn,
    onDependencyFailure,
    traceId,
    correlationId: correlationId ?? undefined,
    parentId: parentId ?? undefined,
    traceparent: traceparent ?? undefined,
    tracestate: tracestate ?? undefined,
    baggage: baggage ?? undefined,
    propagation: propagation ?? undefined,
    createdAt,
    runAt,
    startedAt,
    finishedAt: undefined,
    result: undefined,
    error: error ?? undefined,
    attemptTraceparent: attemptTraceparent ?? undefined,
    operation: operation ?? undefined,
    leaseToken,
    waitMs: startedAt - runAt,
    isSuspect: isSuspect === 1,
    dependencyTraceparents: contextsOf(dependsOn),
  };
}
