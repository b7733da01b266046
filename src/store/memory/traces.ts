/**
 * The traces of jobs in memory: how many of their jobs are unfinished, and the ends that nobody has
 * told of.
 *
 * @module
 */
import { hasEnded } from "../../job/status.ts";
import type { TraceEnd, TraceEndClaim } from "../store.ts";
import type { Entry } from "./entry.ts";

interface Trace {
  /** Its jobs that have not ended. */
  unfinished: number;
  /** All its jobs. */
  jobs: number;
  /** How often it has ended. */
  epoch: number;
}

interface UntoldEnd {
  readonly end: TraceEnd;
  /** From when anybody may tell of it. */
  dueAt: number;
}

/** Counts by trace, and the ends to be told. */
export class MemoryTraces {
  readonly #traces = new Map<string, Trace>();
  // The last job of each trace that ended in the present step.
  readonly #endedNow = new Map<string, Entry>();
  // By the job that ended last, in the order in which they ended.
  readonly #untold = new Map<string, UntoldEnd>();

  /** A job is there that has not ended. */
  add({ record: { traceId } }: Entry): void {
    const trace = this.#traces.get(traceId) ?? { unfinished: 0, jobs: 0, epoch: 0 };
    this.#traces.set(traceId, trace);
    trace.jobs++;
    trace.unfinished++;
  }

  /** A job that had ended is to run again. The end that it brought is not told any more. */
  revive({ record: { id, traceId } }: Entry): void {
    this.#untold.delete(id);
    this.#traces.get(traceId)!.unfinished++;
  }

  /** A job has ended. Its trace is looked at when the whole step is done. */
  finish(entry: Entry): void {
    const { traceId } = entry.record;
    this.#traces.get(traceId)!.unfinished--;
    this.#endedNow.set(traceId, entry);
  }

  /** At the end of a step: records the end of each trace of which a job ended and none is left. */
  endStep(): void {
    for (const [traceId, { record }] of this.#endedNow) {
      const trace = this.#traces.get(traceId)!;
      if (trace.unfinished > 0) continue;
      const { id: jobId, correlationId, finishedAt } = record;
      const end = { traceId, epoch: ++trace.epoch, jobId, correlationId, finishedAt: finishedAt! };
      this.#untold.set(jobId, { end, dueAt: end.finishedAt });
    }
    this.#endedNow.clear();
  }

  /** Whether a trace has an unfinished job beside the given one. */
  hasUnfinished(traceId: string, except: Entry | undefined): boolean {
    const own = except?.record.traceId === traceId && !hasEnded(except.record.status) ? 1 : 0;
    return (this.#traces.get(traceId)?.unfinished ?? 0) > own;
  }

  /** Leases ends that nobody has told of, the oldest first. */
  claim({ limit, leaseMs }: TraceEndClaim, now: number): TraceEnd[] {
    const claimed: TraceEnd[] = [];
    for (const untold of this.#untold.values()) {
      if (claimed.length >= limit) break;
      if (untold.dueAt > now) continue;
      untold.dueAt = now + leaseMs;
      claimed.push({ ...untold.end });
    }
    return claimed;
  }

  /** These have been told of. */
  settle(ends: readonly TraceEnd[]): void {
    for (const { jobId, epoch } of ends) {
      if (this.#untold.get(jobId)?.end.epoch === epoch) this.#untold.delete(jobId);
    }
  }

  /** Forgets an ended job, and its trace with the last one. */
  remove({ record: { id, traceId } }: Entry): void {
    this.#untold.delete(id);
    const trace = this.#traces.get(traceId)!;
    if (--trace.jobs === 0) this.#traces.delete(traceId);
  }
}
