/**
 * The queues in memory: of each the jobs that wait, in one order to be claimed, in another for their
 * time, and how many have each status.
 *
 * @module
 */
import type { JobStatus } from "../../job/status.ts";
import type { QueueCount } from "../store.ts";
import { inClaimOrder } from "../claim_order.ts";
import { StatusCounts } from "./counts.ts";
import type { Entry } from "./entry.ts";
import { PriorityQueue } from "./priority_queue.ts";

/** One queue. A job that was cancelled while it waits is passed over when its turn comes. */
export class MemoryQueue {
  readonly counts: StatusCounts = new StatusCounts();
  readonly #ready = new PriorityQueue<Entry>((a, b) => inClaimOrder(a.record, b.record) < 0);
  readonly #due = new PriorityQueue<Entry>((a, b) => a.record.runAt < b.record.runAt);

  /** Puts a job where it waits, by its status. */
  add(entry: Entry): void {
    (entry.record.status === "ready" ? this.#ready : this.#due).push(entry);
  }

  /** Takes out a job that was cancelled while it waits and is to come back in another place. */
  forget(entry: Entry): void {
    this.#ready.delete(entry);
    this.#due.delete(entry);
  }

  /** Takes the job that is due longest, if its time has come. */
  takeDue(now: number): Entry | undefined {
    const entry = first(this.#due, isDelayed);
    return entry && entry.record.runAt <= now ? this.#due.pop() : undefined;
  }

  /** Takes the job that is to run first. */
  takeReady(): Entry | undefined {
    return first(this.#ready, isReady) && this.#ready.pop();
  }

  /** Since when the job that is due longest is ready. A pass over all: for reports only. */
  oldestRunAt(): number | undefined {
    let oldest: number | undefined;
    for (const { record: { status, runAt } } of this.#ready.all()) {
      if (isReady(status) && !(runAt >= oldest!)) oldest = runAt;
    }
    return oldest;
  }

  /** When the next job can be claimed: now, later, or `Infinity`. */
  nextAt(now: number): number {
    if (first(this.#ready, isReady)) return now;
    return first(this.#due, isDelayed)?.record.runAt ?? Infinity;
  }
}

/** All queues by their names. */
export class MemoryQueues {
  readonly #queues = new Map<string, MemoryQueue>();

  /** The queue of a name. */
  named(queueName: string): MemoryQueue {
    const known = this.#queues.get(queueName);
    if (known !== undefined) return known;
    const queue = new MemoryQueue();
    this.#queues.set(queueName, queue);
    return queue;
  }

  /** All counts that are not zero. */
  counts(): QueueCount[] {
    return [...this.#queues].flatMap(([queueName, { counts }]) => counts.of(queueName));
  }
}

/** The first of those that still wait. */
function first(
  queue: PriorityQueue<Entry>,
  waits: (status: JobStatus) => boolean,
): Entry | undefined {
  for (let entry = queue.peek(); entry !== undefined; entry = queue.peek()) {
    if (waits(entry.record.status)) return entry;
    queue.pop();
  }
  return undefined;
}

function isReady(status: JobStatus): boolean {
  return status === "ready";
}

function isDelayed(status: JobStatus): boolean {
  return status === "scheduled" || status === "retrying";
}
