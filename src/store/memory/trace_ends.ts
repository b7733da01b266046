/**
 * The traces of jobs in memory: how many of their jobs are unfinished, and the ends that have not been
 * settled.
 *
 * @module
 */
import { hasEnded } from "../../job/status.ts";
import type { TraceEnd, TraceEndClaim, UnfinishedQuery } from "../store.ts";
import type { TraceEndTable } from "../transitions/job_table.ts";
import { LinkedList } from "./linked_list.ts";
import type { MemoryRow, MemoryTrace, PendingTraceEnd } from "./rows.ts";

/** Counts by trace, and the ends to be claimed. */
export class MemoryTraces implements TraceEndTable<MemoryRow> {
  readonly #traces = new Map<string, MemoryTrace>();
  readonly #pending = new LinkedList<PendingTraceEnd>();
  readonly #rowOf: (id: string) => MemoryRow | undefined;

  constructor(rowOf: (id: string) => MemoryRow | undefined) {
    this.#rowOf = rowOf;
  }

  /** The trace of an id, which may be new. */
  named(traceId: string): MemoryTrace {
    const known = this.#traces.get(traceId);
    if (known !== undefined) return known;
    const trace = { unfinished: 0, jobs: 0, epoch: 0, hasEnded: false };
    this.#traces.set(traceId, trace);
    return trace;
  }

  /** A job is there, or is to run again. The end that it brought is taken back. */
  open(row: MemoryRow): void {
    this.#forgetEnd(row);
    row.trace.unfinished++;
    row.trace.hasEnded = false;
  }

  record(ended: readonly MemoryRow[]): void {
    for (let i = ended.length - 1; i >= 0; i--) {
      const last = ended[i]!;
      const { trace } = last;
      if (trace.unfinished > 0 || trace.hasEnded) continue;
      trace.hasEnded = true;
      const dueAt = last.record.finishedAt!;
      last.traceEnd = this.#pending.add({ last, epoch: ++trace.epoch, dueAt });
    }
  }

  hasUnfinished({ traceId, exceptJobId }: UnfinishedQuery): boolean {
    const except = this.#rowOf(exceptJobId);
    const own = except?.traceId === traceId && !hasEnded(except.status) ? 1 : 0;
    return (this.#traces.get(traceId)?.unfinished ?? 0) > own;
  }

  claim({ limit, leaseMs }: TraceEndClaim, now: number): TraceEnd[] {
    const claimed: TraceEnd[] = [];
    for (const end of this.#pending.oldestFirst()) {
      if (claimed.length >= limit) break;
      if (end.dueAt > now) continue;
      end.dueAt = now + leaseMs;
      claimed.push(toTraceEnd(end));
    }
    return claimed;
  }

  settle(ends: readonly TraceEnd[]): void {
    for (const { jobId, epoch } of ends) {
      const row = this.#rowOf(jobId);
      if (row?.traceEnd?.item.epoch === epoch) this.#forgetEnd(row);
    }
  }

  /** Forgets an ended job, and its trace with the last one. */
  remove(row: MemoryRow): void {
    this.#forgetEnd(row);
    if (--row.trace.jobs === 0) this.#traces.delete(row.traceId);
  }

  #forgetEnd(row: MemoryRow): void {
    if (row.traceEnd !== undefined) this.#pending.remove(row.traceEnd);
    row.traceEnd = undefined;
  }
}

function toTraceEnd({ last: { record }, epoch }: PendingTraceEnd): TraceEnd {
  const { traceId, id: jobId, correlationId, finishedAt } = record;
  return { traceId, epoch, jobId, correlationId, finishedAt: finishedAt! };
}
