/**
 * The critical path of a trace: the jobs one after the other that decided when it ended, and for each
 * whether it ran or waited then.
 *
 * @module
 */
import { durationText } from "../duration.ts";
import type { Timeline, TimelineRow } from "./timeline.ts";

/**
 * What a job did: it ran, or it waited for a worker, for its time, for its next attempt, or for
 * dependencies that are not in the tree.
 */
export type PathStretchType = "running" | "worker" | "time" | "retry" | "dependencies";

/** A stretch of time in which one job held up the trace. Times are in ms since 1970. */
export interface PathStretch {
  /** The job. */
  readonly row: TimelineRow;
  /** What it did. */
  readonly type: PathStretchType;
  /** The beginning of the stretch. */
  readonly from: number;
  /** The end of the stretch. */
  readonly to: number;
}

/** The rows of a timeline by the ids of their jobs. */
type Rows = Timeline["rows"];

/** A job on the path, and the time until which it held up the next one. */
interface PathStep {
  readonly row: TimelineRow;
  readonly until: number;
}

/**
 * The stretches of the critical path, oldest first. It begins with the job that ended last, or is
 * still running, and goes back: to the dependency that ended last, else to the parent that enqueued
 * the job.
 */
export function criticalPath({ rows }: Timeline): readonly PathStretch[] {
  const stretches: PathStretch[] = [];
  const known = new Set<TimelineRow>();
  let step = lastStep(rows);
  while (step !== undefined && !known.has(step.row)) {
    known.add(step.row);
    const { row } = step;
    const add = (type: PathStretchType, from: number, to: number) => {
      if (from < to) stretches.push({ row, type, from, to });
    };
    step = stepBefore(row, addRuns(step, add), rows, add);
  }
  return stretches.reverse();
}

type Add = (type: PathStretchType, from: number, to: number) => void;

/** The job that ended last. Of several, a running one; the others may only wait for it. */
function lastStep(rows: Rows): PathStep | undefined {
  let last: TimelineRow | undefined;
  for (const row of rows.values()) {
    if (last === undefined || isLater(row, last)) last = row;
  }
  return last && { row: last, until: last.to };
}

function isLater(row: TimelineRow, than: TimelineRow): boolean {
  if (row.to !== than.to) return row.to > than.to;
  const [ran, thanRan] = [lastEndOf(row), lastEndOf(than)];
  return ran === thanRan ? row.from > than.from : ran > thanRan;
}

function lastEndOf({ runs }: TimelineRow): number {
  return runs.at(-1)?.to ?? -Infinity;
}

/** Adds the attempts and the waiting between them, and returns when the first of them began. */
function addRuns({ row: { job, runs }, until }: PathStep, add: Add): number {
  const runAt = job.runAt.getTime();
  let at = until;
  for (const run of [...runs].reverse()) {
    if (run.from > at) continue;
    const due = Math.max(run.to, Math.min(runAt, at));
    add("worker", due, at);
    add("retry", run.to, due);
    add("running", run.from, Math.min(run.to, at));
    at = run.from;
  }
  return at;
}

/** Adds the waiting before the first attempt, and returns what it waited for before that. */
function stepBefore(
  row: TimelineRow,
  at: number,
  rows: Rows,
  add: Add,
): PathStep | undefined {
  const { job: { status, parentId, dependsOn, runAt }, runs, from } = row;
  if (status === "blocked") {
    const open = dependsOn.map((id) => rows.get(id)).filter((one) => one?.isUnfinished);
    const next = open.find((one) => one?.job.status === "running") ?? open[0];
    if (next !== undefined) return { row: next, until: at };
    add("dependencies", from, at);
    return parentStep(parentId, from, rows);
  }
  // The due time of a job that was retried is that of its last attempt.
  const due = runs.length > 1 ? from : Math.min(Math.max(from, runAt.getTime()), at);
  const dependency = decisiveDependency(row, rows);
  if (dependency !== undefined && dependency.to >= due && dependency.to <= at) {
    add("worker", dependency.to, at);
    return { row: dependency, until: dependency.to };
  }
  add("worker", due, at);
  add("time", from, due);
  return parentStep(parentId, from, rows);
}

/** The parent, if it enqueued the job while it ran. */
function parentStep(
  parentId: string | undefined,
  at: number,
  rows: Rows,
): PathStep | undefined {
  const parent = parentId === undefined ? undefined : rows.get(parentId);
  const enqueued = parent?.runs.some((run) => run.from <= at && at <= run.to) ?? false;
  return enqueued ? { row: parent!, until: at } : undefined;
}

/** The dependency of a job that ended last, after the job was enqueued, if all have ended. */
export function decisiveDependency(
  { job: { dependsOn }, from }: TimelineRow,
  rows: Rows,
): TimelineRow | undefined {
  let last: TimelineRow | undefined;
  for (const id of dependsOn) {
    const dependency = rows.get(id);
    if (dependency === undefined || dependency.isUnfinished) return undefined;
    if (dependency.to > (last?.to ?? from)) last = dependency;
  }
  return last;
}

const MOST_PARTS = 2;

/**
 * The parts of a path that took longest, such as `31 s of 40 s waiting for a worker of email_queue, 6 s
 * running payment_queue`; empty for an empty path.
 */
export function criticalPathText(path: readonly PathStretch[]): string {
  const parts = new Map<string, number>();
  let total = 0;
  for (const { row, type, from, to } of path) {
    const what = `${words[type]} ${row.job.queueName}`;
    parts.set(what, (parts.get(what) ?? 0) + to - from);
    total += to - from;
  }
  const longest = [...parts].sort(([, a], [, b]) => b - a).slice(0, MOST_PARTS);
  return longest.map(([what, ms], i) =>
    `${durationText(ms)}${i === 0 ? ` of ${durationText(total)}` : ""} ${what}`
  ).join(", ");
}

const words: Readonly<Record<PathStretchType, string>> = {
  running: "running",
  worker: "waiting for a worker of",
  time: "waiting for the due time of",
  retry: "waiting for a retry of",
  dependencies: "waiting for dependencies of",
};
