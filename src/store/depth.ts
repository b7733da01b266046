/**
 * The depth of queues, from counts of their jobs that have not ended.
 *
 * @module
 */
import { hasEnded, type JobStatus } from "../job/status.ts";
import type { QueueDepth } from "./health.ts";

/** Jobs of one queue with one status. */
export interface LiveCount {
  readonly queueName: string;
  readonly status: JobStatus;
  readonly count: number;
  /** Since when the oldest of them is due, in ms since 1970; asked of ready ones only. */
  readonly oldestRunAt?: number | undefined;
}

/** Puts the counts of each queue together. */
export function depthsOf(counts: readonly LiveCount[], now: number): QueueDepth[] {
  const depths = new Map<string, { -readonly [Key in keyof QueueDepth]: QueueDepth[Key] }>();
  for (const { queueName, status, count, oldestRunAt } of counts) {
    if (hasEnded(status)) continue;
    const depth = depths.get(queueName) ??
      { queueName, ready: 0, running: 0, waiting: 0, oldestReadyMs: undefined };
    depths.set(queueName, depth);
    if (status === "running") depth.running += count;
    else if (status !== "ready") depth.waiting += count;
    else {
      depth.ready += count;
      depth.oldestReadyMs = oldestRunAt === undefined ? undefined : Math.max(0, now - oldestRunAt);
    }
  }
  return [...depths.values()].sort((a, b) => a.queueName < b.queueName ? -1 : 1);
}
