/**
 * A tree of jobs on one time scale: the model of every view of a trace.
 *
 * @module
 */
import { durationText } from "../duration.ts";
import type { Attempt, JobSummary } from "../job/job.ts";
import { hasEnded, type JobStatus } from "../job/status.ts";
import { readTraceparent } from "../trace/span_context.ts";
import type { JobNode, JobTree } from "./job_tree.ts";

/** A tree of jobs on one time scale. Times are in ms since 1970. */
export interface Timeline<AJob = JobSummary> {
  /** The start of the scale: when the first job was enqueued. */
  readonly from: number;
  /**
   * The end of the scale, at least 1 ms later: when the last job ended, or now if one is
   * unfinished.
   */
  readonly to: number;
  /**
   * The rows of the jobs whose parents are not in the tree, in the order in which they were
   * enqueued.
   */
  readonly roots: readonly TimelineRow<AJob>[];
  /** All rows by the ids of their jobs, each followed by the rows of its descendants. */
  readonly rows: ReadonlyMap<string, TimelineRow<AJob>>;
}

/** The row of one job. */
export interface TimelineRow<AJob = JobSummary> {
  /** The job. */
  readonly job: AJob;
  /** The number of its ancestors in the tree. */
  readonly level: number;
  /** The rows of its children. */
  readonly children: readonly TimelineRow<AJob>[];
  /** When it was enqueued. */
  readonly from: number;
  /** When it ended; the end of the scale while it is unfinished. */
  readonly to: number;
  /** Whether it has not ended. */
  readonly isUnfinished: boolean;
  /** Its attempts, oldest first. Between them it was waiting. */
  readonly runs: readonly TimelineRun[];
  /** The events to mark, in the order in which to draw them. */
  readonly marks: readonly TimelineMark[];
  /** For how long its handler ran in all attempts, in ms. */
  readonly ranMs: number;
  /** The rest of its time, in ms: it waited for its time, its dependencies, a worker or a retry. */
  readonly waitedMs: number;
  /**
   * The reason of its cancellation, unless the last attempt has it; or the dependencies that block
   * it.
   */
  readonly note: string | undefined;
}

/** The time of one attempt. */
export interface TimelineRun {
  /** The attempt. */
  readonly attempt: Attempt;
  /** When it started. */
  readonly from: number;
  /** When it ended; the end of the scale while it is running. */
  readonly to: number;
  /** Whether it ended without completing the job. */
  readonly isFailure: boolean;
  /** Whether it is the attempt after which the job failed for good. */
  readonly isFatal: boolean;
  /** The trace that it ran in, where that is another one, which is linked to the job's. */
  readonly linkedTraceId: string | undefined;
}

/**
 * The event of a mark: the end of an attempt that was retried, the end of the attempt after which
 * the job failed, a cancellation, the end of the last dependency, the start of an attempt in a
 * linked trace; or `unfinished` at the end of the scale.
 */
export type TimelineMarkType =
  | "retried"
  | "failed"
  | "cancelled"
  | "unblocked"
  | "linked"
  | "unfinished";

/** A mark on the row of a job. */
export interface TimelineMark {
  /** The event. */
  readonly type: TimelineMarkType;
  /** When. */
  readonly at: number;
}

/** The labels of the parts of a timeline, for a legend. */
export const timelineLabels: Readonly<Record<"waiting" | "running" | TimelineMarkType, string>> = {
  waiting: "waiting",
  running: "running",
  retried: "retried",
  failed: "failed",
  cancelled: "cancelled",
  unblocked: "dependencies ended",
  linked: "ran in a linked trace",
  unfinished: "unfinished",
};

/**
 * Puts a tree of jobs on one time scale, for a view of your own.
 *
 * @param now The end of the scale while a job is unfinished, in ms since 1970. Default: the time.
 *
 * ```ts
 * import { JobQueue, memory, timeline } from "hammerwork";
 * import assert from "node:assert/strict";
 *
 * const queue = new JobQueue({ store: memory() });
 * const { id, traceId } = await queue.enqueue("email_queue", { to: "a@example.com" });
 * await queue.worker("email_queue", () => {}).tick();
 *
 * const { from, to, rows } = timeline(await queue.tree({ traceId }));
 * const { runs: [run], isUnfinished } = rows.get(id)!;
 * assert.ok(!isUnfinished && from <= run!.from && run!.to <= to);
 * ```
 */
export function timeline<AJob extends JobSummary>(
  { roots, startedAt, finishedAt }: JobTree<AJob>,
  now: number = Date.now(),
): Timeline<AJob> {
  const from = startedAt?.getTime() ?? now;
  // The clock of the store can differ from this one, and jobs can end within the same millisecond.
  const scale = { from, to: Math.max(finishedAt?.getTime() ?? now, from + 1) };
  const rows = new Map<string, NewRow<AJob>>();
  const rootRows: TimelineRow<AJob>[] = [];
  const left = [{ nodes: roots, into: rootRows, level: 0, next: 0 }];
  // Without recursion: a tree can be as deep as it has jobs.
  for (let top = left.at(-1); top !== undefined; top = left.at(-1)) {
    const node = top.nodes[top.next++];
    if (node === undefined) {
      left.pop();
      continue;
    }
    const children: TimelineRow<AJob>[] = [];
    const row = rowOf(node, top.level, children, scale);
    rows.set(node.job.id, row);
    top.into.push(row);
    left.push({ nodes: node.children, into: children, level: top.level + 1, next: 0 });
  }
  markUnblocked(rows);
  return { ...scale, roots: rootRows, rows };
}

/** A time scale: its two ends, in ms since 1970. */
export interface TimeScale {
  readonly from: number;
  readonly to: number;
}

interface NewRow<AJob> extends TimelineRow<AJob> {
  readonly marks: TimelineMark[];
}

function rowOf<AJob extends JobSummary>(
  { job, attempts }: JobNode<AJob>,
  level: number,
  children: readonly TimelineRow<AJob>[],
  scale: TimeScale,
): NewRow<AJob> {
  const from = job.createdAt.getTime();
  const to = job.finishedAt?.getTime() ?? scale.to;
  const runs = attempts.map((attempt) => runOf(attempt, job, attempts.at(-1), scale));
  const ranMs = runs.reduce((sum, run) => sum + run.to - run.from, 0);
  return {
    job,
    level,
    children,
    from,
    to,
    isUnfinished: !hasEnded(job.status),
    runs,
    marks: marksOf(job.status, to, runs, scale),
    ranMs,
    waitedMs: Math.max(0, to - from - ranMs),
    note: noteOf(job, attempts.at(-1)),
  };
}

function runOf(
  attempt: Attempt,
  { status, traceId }: JobSummary,
  last: Attempt | undefined,
  scale: TimeScale,
): TimelineRun {
  const { outcome } = attempt;
  return {
    attempt,
    from: attempt.startedAt.getTime(),
    to: attempt.finishedAt?.getTime() ?? scale.to,
    isFailure: outcome !== "completed" && outcome !== "running",
    isFatal: status === "failed" && attempt === last,
    linkedTraceId: linkedTraceId(attempt, traceId),
  };
}

/** The trace that an attempt ran in, if it is not that of its job. */
export function linkedTraceId({ traceparent }: Attempt, traceId: string): string | undefined {
  const ranIn = readTraceparent(traceparent)?.traceId;
  return ranIn === traceId ? undefined : ranIn;
}

/** The marks of a job but `unblocked`, for which other rows are needed. */
function marksOf(
  status: JobStatus,
  to: number,
  runs: readonly TimelineRun[],
  scale: TimeScale,
): TimelineMark[] {
  const marks: TimelineMark[] = [];
  for (const run of runs) {
    if (run.linkedTraceId !== undefined) marks.push({ type: "linked", at: run.from });
  }
  for (const { attempt, isFailure, isFatal, to } of runs) {
    // A cancellation is marked once, for the job.
    if (!isFailure || attempt.outcome === "cancelled") continue;
    marks.push({ type: isFatal ? "failed" : "retried", at: to });
  }
  if (status === "cancelled") marks.push({ type: "cancelled", at: to });
  if (!hasEnded(status)) marks.push({ type: "unfinished", at: scale.to });
  return marks;
}

/** Marks the end of the last dependency, if all dependencies are in the tree and have ended. */
function markUnblocked(rows: ReadonlyMap<string, NewRow<JobSummary>>): void {
  for (const { job: { dependsOn }, marks } of rows.values()) {
    if (dependsOn.length === 0) continue;
    let last = 0;
    for (const id of dependsOn) {
      last = Math.max(last, rows.get(id)?.job.finishedAt?.getTime() ?? Infinity);
    }
    if (Number.isFinite(last)) marks.unshift({ type: "unblocked", at: last });
  }
}

function noteOf(
  { status, error, dependsOn }: JobSummary,
  last: Attempt | undefined,
): string | undefined {
  if (status === "cancelled" && last?.outcome !== "cancelled") {
    return `cancelled: ${error?.message ?? ""}`;
  }
  return status === "blocked" ? `waiting for ${dependsOn.join(" ")}` : undefined;
}

/**
 * The outcome of an attempt with its duration, such as `timed out after 1.2 s` or `running for 3
 * s`.
 */
export function outcomeText(
  { outcome, startedAt, finishedAt }: Attempt,
  now: number = Date.now(),
): string {
  const length = durationText(Math.max(0, (finishedAt?.getTime() ?? now) - startedAt.getTime()));
  return `${outcome.replaceAll("_", " ")} ${finishedAt === undefined ? "for" : "after"} ${length}`;
}
