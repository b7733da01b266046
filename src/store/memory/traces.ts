/**
 * The traces of jobs in memory: how many of their jobs are unfinished, and the ends that nobody has
 * told of.
 *
 * @module
 */
import { hasEnded } from "../../job/status.ts";
import type { TraceEnd, TraceEndClaim } from "../store.ts";
import { LinkedList } from "./linked_list.ts";
import type { Entry, UntoldEnd } from "./entry.ts";
import type { MemoryTrace } from "./trace.ts";

/** Counts by trace, and the ends to be told. */
export class MemoryTraces {
  readonly #traces = new Map<string, MemoryTrace>();
  // The jobs that ended in the present step, the last one last.
  readonly #endedNow: Entry[] = [];
  readonly #untold = new LinkedList<UntoldEnd>();

  /** A job is there that has not ended. */
  add(entry: Entry): void {
    const { record: { traceId } } = entry;
    const known = this.#traces.get(traceId);
    if (known === undefined) this.#traces.set(traceId, entry.trace);
    else entry.trace = known;
    entry.trace.jobs++;
    entry.trace.unfinished++;
    entry.trace.hasEnded = false;
  }

  /** A job that had ended is to run again. The end that it brought is not told any more. */
  revive(entry: Entry): void {
    this.#forgetEnd(entry);
    entry.trace.unfinished++;
    entry.trace.hasEnded = false;
  }

  /** A job has ended. Its trace is looked at when the whole step is done. */
  finish(entry: Entry): void {
    entry.trace.unfinished--;
    this.#endedNow.push(entry);
  }

  /** At the end of a step: records the end of each trace of which a job ended and none is left. */
  endStep(): void {
    const endedNow = this.#endedNow;
    for (let last = endedNow.pop(); last !== undefined; last = endedNow.pop()) {
      const { record: { finishedAt }, trace } = last;
      if (trace.unfinished > 0 || trace.hasEnded) continue;
      trace.hasEnded = true;
      last.untold = this.#untold.add({ last, epoch: ++trace.epoch, dueAt: finishedAt! });
    }
  }

  /** Whether a trace has an unfinished job beside the given one. */
  hasUnfinished(traceId: string, except: Entry | undefined): boolean {
    const own = except?.record.traceId === traceId && !hasEnded(except.record.status) ? 1 : 0;
    return (this.#traces.get(traceId)?.unfinished ?? 0) > own;
  }

  /** Leases ends that nobody has told of, the oldest first. */
  claim({ limit, leaseMs }: TraceEndClaim, now: number): TraceEnd[] {
    const claimed: TraceEnd[] = [];
    for (const untold of this.#untold.oldestFirst()) {
      if (claimed.length >= limit) break;
      if (untold.dueAt > now) continue;
      untold.dueAt = now + leaseMs;
      claimed.push(endOf(untold));
    }
    return claimed;
  }

  /** The end that a job brought has been told of. */
  settle(entry: Entry, epoch: number): void {
    if (entry.untold?.item.epoch === epoch) this.#forgetEnd(entry);
  }

  /** Forgets an ended job, and its trace with the last one. */
  remove(entry: Entry): void {
    this.#forgetEnd(entry);
    if (--entry.trace.jobs === 0) this.#traces.delete(entry.record.traceId);
  }

  #forgetEnd(entry: Entry): void {
    if (entry.untold !== undefined) this.#untold.remove(entry.untold);
    entry.untold = undefined;
  }
}

function endOf({ last: { record }, epoch }: UntoldEnd): TraceEnd {
  const { traceId, id: jobId, correlationId, finishedAt } = record;
  return { traceId, epoch, jobId, correlationId, finishedAt: finishedAt! };
}
