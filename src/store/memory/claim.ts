/**
 * A queue in memory: the jobs that wait, in one order to be claimed, in another for their
 * time, and how many have each status.
 *
 * @module
 */
import { type JobStatus, jobStatuses } from "../../job/status.ts";
import { mostAhead, type QueueCount } from "../store.ts";
import { inClaimOrder } from "../rules.ts";
import type { MemoryRow } from "./rows.ts";
import { PriorityQueue } from "./priority_queue.ts";

/** One queue. A job that was cancelled while it waits is passed over when its turn comes. */
export class MemoryQueue {
  readonly counts: StatusCounts = new StatusCounts();
  #ready = inOrderOfClaims();
  #due = inOrderOfTime();
  // Whether what orders a job in line has changed, or a job in line has been forgotten.
  #isUnsorted = false;

  /** Puts a job where it waits, by its status. */
  add(row: MemoryRow): void {
    row.isQueued = true;
    (row.record.status === "ready" ? this.#ready : this.#due).push(row);
  }

  /** Takes out a job that is in line, or was when it was cancelled, and is to have another place. */
  forget(row: MemoryRow): void {
    if (row.isQueued) this.#isUnsorted = true;
    row.isQueued = false;
  }

  /** Sorts the lines anew, once for all jobs that were forgotten meanwhile. */
  #sort(): void {
    if (!this.#isUnsorted) return;
    this.#isUnsorted = false;
    const rows = new Set([...this.#ready.all(), ...this.#due.all()]);
    this.#ready = inOrderOfClaims();
    this.#due = inOrderOfTime();
    for (const row of rows) if (row.isQueued) this.add(row);
  }

  /** Takes the job that is due longest, if its time has come. */
  takeDue(now: number): MemoryRow | undefined {
    this.#sort();
    const row = first(this.#due, isDelayed);
    return row && row.record.runAt <= now ? taken(this.#due) : undefined;
  }

  /** Takes the job that is to run first. */
  takeReady(): MemoryRow | undefined {
    this.#sort();
    return first(this.#ready, isReady) && taken(this.#ready);
  }

  /** Since when the job that is due longest is ready. A pass over all: for reports only. */
  oldestRunAt(): number | undefined {
    this.#sort();
    let oldest: number | undefined;
    for (const { record: { status, runAt } } of this.#ready.all()) {
      if (isReady(status) && !(runAt >= oldest!)) oldest = runAt;
    }
    return oldest;
  }

  /** How many ready jobs come before one, counted to `mostAhead`. A pass over all: for reports only. */
  countBefore({ record }: MemoryRow): number {
    const isBefore = (one: MemoryRow) =>
      isReady(one.record.status) && inClaimOrder(one.record, record) < 0;
    return Math.min(mostAhead, this.#ready.all().filter(isBefore).length);
  }

  /** When the next job can be claimed: now, later, or `Infinity`. */
  nextAt(now: number): number {
    this.#sort();
    if (first(this.#ready, isReady)) return now;
    return first(this.#due, isDelayed)?.record.runAt ?? Infinity;
  }
}

function inOrderOfClaims(): PriorityQueue<MemoryRow> {
  return new PriorityQueue((a, b) => inClaimOrder(a.record, b.record) < 0);
}

function inOrderOfTime(): PriorityQueue<MemoryRow> {
  return new PriorityQueue((a, b) => a.record.runAt < b.record.runAt);
}

/** The first of those that still wait. */
function first(
  queue: PriorityQueue<MemoryRow>,
  waits: (status: JobStatus) => boolean,
): MemoryRow | undefined {
  while (queue.size > 0) {
    const row = queue.peek()!;
    if (waits(row.record.status)) return row;
    taken(queue);
  }
  return undefined;
}

function taken(queue: PriorityQueue<MemoryRow>): MemoryRow {
  const row = queue.pop()!;
  row.isQueued = false;
  return row;
}

function isReady(status: JobStatus): boolean {
  return status === "ready";
}

function isDelayed(status: JobStatus): boolean {
  return status === "scheduled" || status === "retrying";
}

/** The counts of one queue. */
export class StatusCounts {
  readonly #counts: Record<JobStatus, number> = {
    scheduled: 0,
    blocked: 0,
    ready: 0,
    running: 0,
    retrying: 0,
    completed: 0,
    failed: 0,
    cancelled: 0,
  };

  /** One more has a status. */
  add(status: JobStatus): void {
    this.#counts[status]++;
  }

  /** One less has a status. */
  remove(status: JobStatus): void {
    this.#counts[status]--;
  }

  /** One has another status. */
  move(from: JobStatus, to: JobStatus): void {
    this.#counts[from]--;
    this.#counts[to]++;
  }

  /** How many have a status. */
  get(status: JobStatus): number {
    return this.#counts[status];
  }

  /** Those that are not zero. */
  of(queueName: string): QueueCount[] {
    return jobStatuses.filter((status) => this.#counts[status] > 0)
      .map((status) => ({ queueName, status, count: this.#counts[status] }));
  }
}
