/** Jobs of a tree that were added, attempted and ended at given times. */

import type { Attempt, JobNode, JobTree } from "../../mod.ts";
import type { JobSummary } from "../../src/signatures.ts";

/** A job that was added, attempted and ended at these times, in ms. */
export function node(
  id: string,
  job: Partial<Omit<JobSummary, "createdAt" | "finishedAt">>,
  times: { readonly from: number; readonly to?: number },
  attempts: readonly (readonly [from: number, to: number | undefined, Attempt["outcome"]])[] = [],
  children: readonly JobNode[] = [],
): JobNode {
  const finishedAt = times.to === undefined ? undefined : new Date(times.to);
  const traceId = "a".repeat(32);
  return {
    job: {
      dependsOn: [],
      traceId,
      runAt: new Date(times.from),
      ...job,
      id,
      queueName: id,
      createdAt: new Date(times.from),
      finishedAt,
    } as never,
    attempts: attempts.map(([from, to, outcome], i) => ({
      attempt: i + 1,
      outcome,
      startedAt: new Date(from),
      finishedAt: to === undefined ? undefined : new Date(to),
      error: undefined,
      traceparent: `00-${i === 0 ? traceId : "b".repeat(32)}-${"c".repeat(16)}-01`,
    })),
    children,
  };
}

/** The tree of these jobs, from 0; `to` is its end, if it has one. */
export function treeOf(roots: readonly JobNode[], to?: number): JobTree {
  return {
    roots,
    jobs: [],
    startedAt: new Date(0),
    finishedAt: to === undefined ? undefined : new Date(to),
    nextCursor: undefined,
  };
}
