/**
 * The ends of traces in a file. A transaction is alone with the file, so whether a trace has an
 * unfinished job left is a plain question at its end.
 *
 * @module
 */
import { traceIdIn } from "../../job/traceparent.ts";
import type { TraceEnd, TraceEndClaim } from "../store.ts";
import type { Database, Row } from "./database.ts";
import type { Effects } from "./effects.ts";

/** Records the end of each trace that has no unfinished job left, on the job that ended last. */
export function endTraces(database: Database, { ended }: Effects, now: number): void {
  const last = new Map<string, string>();
  for (const { id } of ended) {
    const job = database.get("select trace_id from hammerwork_jobs where id = ?", id);
    last.set(job!.trace_id as string, id);
  }
  for (const [traceId, id] of last) {
    if (hasUnfinished(database, traceId, id)) continue;
    database.run(
      "update hammerwork_jobs set trace_end_due = ?, trace_epoch = 1 + max(" +
        `coalesce((select trace_epoch ${firstOfTrace}), 0), ` +
        `coalesce((select max(trace_epoch) ${othersOfTrace("trace_epoch")} ` +
        "and trace_epoch is not null), 0)) where id = ?",
      now,
      traceId,
      traceId,
      id,
    );
  }
}

/** Whether a trace has an unfinished job beside the given one. */
export function hasUnfinished(database: Database, traceId: string, exceptId: string): boolean {
  return database.get(
    `select 1 where (select finished_at is null and id <> ? ${firstOfTrace}) or exists ` +
      `(select 1 ${othersOfTrace("unfinished")} and finished_at is null and id <> ?)`,
    exceptId,
    traceId,
    traceId,
    exceptId,
  ) !== undefined;
}

/** The oldest job of a trace that is stored: the first one, or if that was removed any. */
const firstOfTrace = "from hammerwork_jobs indexed by hammerwork_jobs_trace " +
  "where trace_id = ? order by sequence limit 1";

/** All that were added to a trace that had one already, by an index that holds no others. */
function othersOfTrace(index: "unfinished" | "trace_epoch"): string {
  return `from hammerwork_jobs indexed by hammerwork_jobs_${index} ` +
    "where trace_id = ? and joined_trace = 1";
}

/** Whether anybody may tell of an end. Only reads. */
export function isEndDue(database: Database, now: number): boolean {
  return database.get(
    "select 1 from hammerwork_jobs indexed by hammerwork_jobs_trace_end_due " +
      "where trace_end_due <= ? limit 1",
    now,
  ) !== undefined;
}

/** Leases ends that nobody has told of, the oldest first, inside a transaction. */
export function claimTraceEnds(
  database: Database,
  { limit, leaseMs }: TraceEndClaim,
  now: number,
): TraceEnd[] {
  const due = database.all(
    "select id, trace_id, trace_epoch, correlation_id, finished_at " +
      "from hammerwork_jobs indexed by hammerwork_jobs_trace_end_due " +
      "where trace_end_due <= ? order by trace_end_due, sequence limit ?",
    now,
    limit,
  );
  for (const { id } of due) {
    database.run("update hammerwork_jobs set trace_end_due = ? where id = ?", now + leaseMs, id!);
  }
  return due.map(toTraceEnd);
}

/** Records that these ends have been told of, inside a transaction. */
export function settleTraceEnds(database: Database, ends: readonly TraceEnd[]): void {
  for (const { jobId, epoch } of ends) {
    database.run(
      "update hammerwork_jobs set trace_end_due = null where id = ? and trace_epoch = ?",
      jobId,
      epoch,
    );
  }
}

/** Makes a job known by the trace that an attempt of it ran in, where that is not its own. */
export function noteAttemptTrace(
  database: Database,
  jobId: string,
  traceparent: string | undefined,
): void {
  if (traceparent === undefined) return;
  const traceId = traceIdIn(traceparent);
  database.run(
    "insert or ignore into hammerwork_attempt_traces (trace_id, job_id) " +
      "select ?, id from hammerwork_jobs where id = ? and trace_id <> ?",
    traceId,
    jobId,
    traceId,
  );
}

function toTraceEnd(row: Row): TraceEnd {
  return {
    traceId: row.trace_id as string,
    epoch: row.trace_epoch as number,
    jobId: row.id as string,
    correlationId: row.correlation_id === null ? undefined : row.correlation_id as string,
    finishedAt: row.finished_at as number,
  };
}
