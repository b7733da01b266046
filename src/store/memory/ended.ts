/**
 * The jobs in memory that have ended, in the order in which they did, to be removed in that order and
 * counted.
 *
 * @module
 */
import type { QueueCount } from "../store.ts";
import { LinkedList } from "./linked_list.ts";
import { StatusCounts } from "./counts.ts";
import type { Entry } from "./entry.ts";

/** Ended jobs, oldest end first. */
export class MemoryEnded {
  readonly #ended = new LinkedList<Entry>();

  /** A job has ended, later than all before. */
  add(entry: Entry): void {
    entry.ended = this.#ended.add(entry);
  }

  /** A job is to run again. */
  delete(entry: Entry): void {
    if (entry.ended !== undefined) this.#ended.remove(entry.ended);
    entry.ended = undefined;
  }

  /** Takes out those that ended before a time. */
  takeBefore(before: number, limit: number): readonly Entry[] {
    const taken: Entry[] = [];
    for (const entry of this.#ended.oldestFirst()) {
      if (taken.length >= limit || entry.record.finishedAt! > before) break;
      this.delete(entry);
      taken.push(entry);
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
