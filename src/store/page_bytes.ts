/**
 * How many bytes a page of jobs comes to, so that it ends before it is too large. Rough, and the same
 * in every store: what is always small is counted as if it were all alike.
 *
 * @module
 */
import { type JobPart, longestSummary } from "../job/parts.ts";
import type { AttemptRecord } from "../job/record.ts";

/** All of a job but what is counted by itself: payload, result, stacks, baggage, dependencies. */
export const summaryBytes = 1_000;

/** An id in `dependsOn`, as JSON has it. */
export const dependencyBytes = 40;

/** All of an attempt but its error. */
export const attemptBytes = 300;

/** About how many bytes of an attempt are read, with its error whole or short. */
export function bytesOfAttempt({ error }: AttemptRecord, include: readonly JobPart[]): number {
  const { message = "", stack = "" } = error ?? {};
  return attemptBytes +
    (include.includes("stack")
      ? message.length + stack.length
      : Math.min(message.length, longestSummary));
}

/** How many jobs of these sizes a page has: at least one, if there are any. */
export function countWithin(
  sizes: readonly number[],
  limit: number,
  maxBytes: number = Infinity,
): number {
  const most = Math.min(limit, sizes.length);
  let bytes = 0;
  for (let i = 0; i < most; i++) {
    bytes += sizes[i]!;
    if (bytes > maxBytes && i > 0) return i;
  }
  return most;
}
