/**
 * The jobs of each queue that wait: in one line to be claimed, in another for their time.
 *
 * @module
 */
import type { JobStatus } from "../../job/status.ts";
import type { JobRecord } from "../../job/record.ts";
import { Heap } from "./heap.ts";
import type { Entry } from "./entry.ts";

interface Line {
  readonly ready: Heap<Entry>;
  readonly due: Heap<Entry>;
}

/** Waiting jobs by queue. A job that was cancelled meanwhile is passed over when its turn comes. */
export class MemoryLines {
  readonly #lines = new Map<string, Line>();

  /** Puts a job in line, by its status. */
  add(entry: Entry): void {
    const { ready, due } = this.#line(entry.record.queueName);
    (entry.record.status === "ready" ? ready : due).push(entry);
  }

  /** Takes out a job that was cancelled in line and is to come back in another place. */
  forget(entry: Entry): void {
    const { ready, due } = this.#line(entry.record.queueName);
    ready.delete(entry);
    due.delete(entry);
  }

  /** Takes the job that is due longest, if its time has come. */
  takeDue(queueName: string, now: number): Entry | undefined {
    const { due } = this.#line(queueName);
    const entry = first(due, ["scheduled", "retrying"]);
    return entry && entry.record.runAt <= now ? due.pop() : undefined;
  }

  /** Takes the job that is to run first. */
  takeReady(queueName: string): Entry | undefined {
    const { ready } = this.#line(queueName);
    return first(ready, ["ready"]) && ready.pop();
  }

  /** Since when the job that is due longest is ready. A pass over the line: for reports only. */
  oldestRunAt(queueName: string): number | undefined {
    let oldest: number | undefined;
    for (const { record: { status, runAt } } of this.#line(queueName).ready.all()) {
      if (status === "ready" && !(runAt >= oldest!)) oldest = runAt;
    }
    return oldest;
  }

  /** When the next job can be claimed: now, later, or `Infinity`. */
  nextAt(queueName: string, now: number): number {
    const { ready, due } = this.#line(queueName);
    if (first(ready, ["ready"])) return now;
    return first(due, ["scheduled", "retrying"])?.record.runAt ?? Infinity;
  }

  #line(queueName: string): Line {
    const line = this.#lines.get(queueName) ?? {
      ready: new Heap<Entry>((a, b) => runsBefore(a.record, b.record)),
      due: new Heap<Entry>((a, b) => a.record.runAt < b.record.runAt),
    };
    this.#lines.set(queueName, line);
    return line;
  }
}

/** The first of those that still have one of the statuses. */
function first(heap: Heap<Entry>, statuses: readonly JobStatus[]): Entry | undefined {
  for (let entry = heap.peek(); entry !== undefined; entry = heap.peek()) {
    if (statuses.includes(entry.record.status)) return entry;
    heap.pop();
  }
  return undefined;
}

function runsBefore(a: JobRecord, b: JobRecord): boolean {
  if (a.priority !== b.priority) return a.priority > b.priority;
  return a.runAt === b.runAt ? a.sequence < b.sequence : a.runAt < b.runAt;
}
