/**
 * The ends of traces in a file. A transaction is alone with the file, so whether a trace has an
 * unfinished job left is a plain question at its end.
 *
 * @module
 */
import type { TraceEnd, TraceEndClaim, UnfinishedQuery } from "../store.ts";
import type { JobRow, TraceEndTable } from "../transitions/job_table.ts";
import type { Database, Row } from "./database.ts";

/** Ends of traces; each is kept with the job that ended last. */
export class SqliteTraceEnds implements TraceEndTable {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  record(ended: readonly JobRow[], now: number): void {
    const last = new Map<string, string>();
    for (const { id, traceId } of ended) last.set(traceId, id);
    for (const [traceId, id] of last) {
      if (this.hasUnfinished({ traceId, exceptJobId: id })) continue;
      this.#database.run(
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

  hasUnfinished({ traceId, exceptJobId }: UnfinishedQuery): boolean {
    return this.#database.get(
      `select 1 where (select finished_at is null and id <> ? ${firstOfTrace}) or exists ` +
        `(select 1 ${othersOfTrace("unfinished")} and finished_at is null and id <> ?)`,
      exceptJobId,
      traceId,
      traceId,
      exceptJobId,
    ) !== undefined;
  }

  isDue(now: number): boolean {
    return this.#database.get(
      "select 1 from hammerwork_jobs indexed by hammerwork_jobs_trace_end_due " +
        "where trace_end_due <= ? limit 1",
      now,
    ) !== undefined;
  }

  claim({ limit, leaseMs }: TraceEndClaim, now: number): readonly TraceEnd[] {
    const due = this.#database.all(
      "select id, trace_id, trace_epoch, correlation_id, finished_at " +
        "from hammerwork_jobs indexed by hammerwork_jobs_trace_end_due " +
        "where trace_end_due <= ? order by trace_end_due, sequence limit ?",
      now,
      limit,
    );
    const lease = "update hammerwork_jobs set trace_end_due = ? where id = ?";
    for (const { id } of due) this.#database.run(lease, now + leaseMs, id!);
    return due.map(toTraceEnd);
  }

  settle(ends: readonly TraceEnd[]): void {
    for (const { jobId, epoch } of ends) {
      this.#database.run(
        "update hammerwork_jobs set trace_end_due = null where id = ? and trace_epoch = ?",
        jobId,
        epoch,
      );
    }
  }
}

/** The oldest job of a trace that is stored: the first one, or if that was removed any. */
const firstOfTrace = "from hammerwork_jobs indexed by hammerwork_jobs_trace " +
  "where trace_id = ? order by sequence limit 1";

/** All that were added to a trace that had one already, by an index that holds no others. */
function othersOfTrace(index: "unfinished" | "trace_epoch"): string {
  return `from hammerwork_jobs indexed by hammerwork_jobs_${index} ` +
    "where trace_id = ? and joined_trace = 1";
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
