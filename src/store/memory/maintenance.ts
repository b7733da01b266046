/**
 * The jobs in memory that have ended: of each queue and outcome in the order in which they did, to be
 * removed in that order and counted.
 *
 * @module
 */
import type { Maintenance, OutcomeRetention, QueueCount } from "../store.ts";
import { retentionOf } from "../rules.ts";
import { LinkedList } from "./linked_list.ts";
import { StatusCounts } from "./claim.ts";
import type { MemoryRow } from "./rows.ts";

/** Ended jobs of one queue by how they ended, oldest end first. */
type EndedJobs = Readonly<Record<keyof OutcomeRetention, LinkedList<MemoryRow>>>;

/** Ended jobs. */
export class MemoryEnded {
  readonly #queues = new Map<string, EndedJobs>();

  /** A job has ended, later than all before. */
  add(row: MemoryRow): void {
    row.endedLink = this.#listOf(row).add(row);
  }

  /** A job is to run again, or is removed. */
  delete(row: MemoryRow): void {
    if (row.endedLink !== undefined) this.#listOf(row).remove(row.endedLink);
    row.endedLink = undefined;
  }

  /** Those that have been kept for long enough, if no unfinished job depends on them. */
  over(
    retentionMs: Maintenance["retentionMs"],
    now: number,
    limit: number,
  ): readonly MemoryRow[] {
    const over: MemoryRow[] = [];
    for (const [queueName, byOutcome] of this.#queues) {
      const keptMs = retentionOf(retentionMs, queueName);
      for (const outcome of outcomes) {
        for (const row of byOutcome[outcome].oldestFirst()) {
          if (over.length >= limit || row.record.finishedAt! > now - keptMs[outcome]) break;
          if (row.liveDependents?.size) continue;
          over.push(row);
        }
      }
    }
    return over;
  }

  /** Counts those that ended after a time. A clock may have been put back, so all are passed. */
  countAfter(after: number): QueueCount[] {
    return [...this.#queues].flatMap(([queueName, byOutcome]) => {
      const counts = new StatusCounts();
      for (const outcome of outcomes) {
        for (const { record } of byOutcome[outcome].oldestFirst()) {
          if (record.finishedAt! > after) counts.add(outcome);
        }
      }
      return counts.of(queueName);
    });
  }

  #listOf({ record: { queueName, status } }: MemoryRow): LinkedList<MemoryRow> {
    let byOutcome = this.#queues.get(queueName);
    if (byOutcome === undefined) {
      byOutcome = {
        completed: new LinkedList(),
        failed: new LinkedList(),
        cancelled: new LinkedList(),
      };
      this.#queues.set(queueName, byOutcome);
    }
    return byOutcome[status as keyof OutcomeRetention];
  }
}

const outcomes = ["completed", "failed", "cancelled"] as const;
