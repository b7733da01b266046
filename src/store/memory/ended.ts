/**
 * The jobs in memory that have ended, in the order in which they did, to be removed in that order and
 * counted.
 *
 * @module
 */
import type { QueueCount } from "../store.ts";
import { StatusCounts } from "./counts.ts";
import type { Entry } from "./entry.ts";

/** Ended jobs, oldest end first. */
export class MemoryEnded {
  // One that is to run again leaves a hole.
  readonly #entries: (Entry | undefined)[] = [];
  // The place of the first one; those before it have been taken out.
  #firstPlace = 0;

  /** A job has ended, later than all before. */
  add(entry: Entry): void {
    entry.endedPlace = this.#firstPlace + this.#entries.length;
    this.#entries.push(entry);
  }

  /** A job is to run again. */
  delete({ endedPlace }: Entry): void {
    this.#entries[endedPlace - this.#firstPlace] = undefined;
  }

  /** Takes out those that ended before a time. */
  takeBefore(before: number, limit: number): readonly Entry[] {
    const taken: Entry[] = [];
    let passed = 0;
    for (const entry of this.#entries) {
      if (entry !== undefined) {
        if (taken.length >= limit || entry.record.finishedAt! > before) break;
        taken.push(entry);
      }
      passed++;
    }
    this.#entries.splice(0, passed);
    this.#firstPlace += passed;
    return taken;
  }

  /** Counts those that ended after a time. A clock may have been put back, so all are passed. */
  countAfter(after: number): QueueCount[] {
    const queues = new Map<string, StatusCounts>();
    for (const entry of this.#entries) {
      if (entry === undefined || entry.record.finishedAt! <= after) continue;
      const { queueName, status } = entry.record;
      const counts = queues.get(queueName) ?? new StatusCounts();
      queues.set(queueName, counts);
      counts.add(status);
    }
    return [...queues].flatMap(([queueName, counts]) => counts.of(queueName));
  }
}
