/**
 * The jobs in memory that have ended, in the order in which they did, to be removed in that order and
 * counted.
 *
 * @module
 */
import type { QueueCount } from "../store.ts";
import { LinkedList } from "./linked_list.ts";
import { StatusCounts } from "./claim.ts";
import type { MemoryRow } from "./rows.ts";

/** Ended jobs, oldest end first. */
export class MemoryEnded {
  readonly #ended = new LinkedList<MemoryRow>();

  /** A job has ended, later than all before. */
  add(row: MemoryRow): void {
    row.endedLink = this.#ended.add(row);
  }

  /** A job is to run again. */
  delete(row: MemoryRow): void {
    if (row.endedLink !== undefined) this.#ended.remove(row.endedLink);
    row.endedLink = undefined;
  }

  /** Takes out those that ended before a time. */
  takeBefore(before: number, limit: number): readonly MemoryRow[] {
    const taken: MemoryRow[] = [];
    for (const row of this.#ended.oldestFirst()) {
      if (taken.length >= limit || row.record.finishedAt! > before) break;
      this.delete(row);
      taken.push(row);
    }
    return taken;
  }

  /** Counts those that ended after a time. A clock may have been put back, so all are passed. */
  countAfter(after: number): QueueCount[] {
    const queues = new Map<string, StatusCounts>();
    for (const { record: { queueName, status, finishedAt } } of this.#ended.oldestFirst()) {
      if (finishedAt! <= after) continue;
      const counts = queues.get(queueName) ?? new StatusCounts();
      queues.set(queueName, counts);
      counts.add(status);
    }
    return [...queues].flatMap(([queueName, counts]) => counts.of(queueName));
  }
}
