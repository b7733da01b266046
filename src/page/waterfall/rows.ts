/**
 * The rows of a waterfall: each job below its parent. Many jobs of one queue under one parent are folded
 * into one row, except some of those that went wrong or are running.
 *
 * @module
 */
import type { Timeline, TimelineRow } from "../../queue/timeline.ts";
import { groupBy } from "../group_by.ts";
import { groupsOf, type JobGroup, merge } from "./job_groups.ts";

/** A job. */
export interface JobRow {
  readonly kind: "job";
  /** The job and its time. */
  readonly row: TimelineRow;
}

/** Jobs of one queue under one parent. */
export interface FoldRow {
  readonly kind: "fold";
  /** Identifies the row in its tree. */
  readonly key: string;
  /** Their queue. */
  readonly queueName: string;
  /** How many jobs there are, without their descendants. */
  readonly count: number;
  /** The jobs with all their descendants. */
  readonly group: JobGroup;
  /** How many ancestors they have. */
  readonly level: number;
  /** Whether the jobs are shown below the row. */
  readonly isOpen: boolean;
}

/** The heading of the jobs of one trace, if there are several traces. */
export interface TraceRow {
  readonly kind: "trace";
  /** The trace. */
  readonly traceId: string;
}

/** One line of a waterfall. */
export type Row = JobRow | FoldRow | TraceRow;

/** The maximum number of jobs of one queue that are not folded. */
const MAX_UNFOLDED = 12;
/** The maximum number of jobs that are shown beside a folded row. */
const MAX_HIGHLIGHTED = 8;

/** All rows in order. Without recursion: a tree can be as deep as it has jobs. */
export function rowsOf(timeline: Timeline, open: ReadonlySet<string>): readonly Row[] {
  const groups = groupsOf(timeline);
  const rows: Row[] = [];
  const waiting: Row[] = [...topRows(timeline.roots, groups, open)].reverse();
  for (let row = waiting.pop(); row !== undefined; row = waiting.pop()) {
    rows.push(row);
    if (row.kind !== "job" || row.row.children.length === 0) continue;
    const { job, children } = row.row;
    for (const below of siblingRows(children, job.id, groups, open).reverse()) {
      waiting.push(below);
    }
  }
  return rows;
}

/** The rows of the roots, below their trace if there are several. */
function topRows(
  roots: readonly TimelineRow[],
  groups: ReadonlyMap<TimelineRow, JobGroup>,
  open: ReadonlySet<string>,
): readonly Row[] {
  const traces = groupBy(roots, ({ job }) => job.traceId);
  return [...traces].flatMap(([traceId, rows]) => {
    const jobs = siblingRows(rows, traceId, groups, open);
    return traces.size === 1 ? jobs : [{ kind: "trace" as const, traceId }, ...jobs];
  });
}

/** The rows of jobs with one parent. Folded jobs are where the first one of their queue is. */
function siblingRows(
  rows: readonly TimelineRow[],
  parent: string,
  groups: ReadonlyMap<TimelineRow, JobGroup>,
  open: ReadonlySet<string>,
): Row[] {
  const queues = groupBy(rows, ({ job }) => job.queueName);
  if ([...queues.values()].every((alike) => alike.length <= MAX_UNFOLDED)) {
    return rows.map(toJobRow);
  }
  return [...queues].flatMap(([queueName, alike]) => {
    if (alike.length <= MAX_UNFOLDED) return alike.map(toJobRow);
    const highlighted = new Set(
      alike.filter((row) => groups.get(row)!.isNoteworthy).slice(0, MAX_HIGHLIGHTED),
    );
    const folded = alike.filter((row) => !highlighted.has(row));
    const key = `${parent}.${queueName}`;
    const isOpen = open.has(key);
    const fold: FoldRow = {
      kind: "fold",
      key,
      queueName,
      count: folded.length,
      group: merge(folded.map((row) => groups.get(row)!)),
      level: alike[0]!.level,
      isOpen,
    };
    const shown = [...highlighted].map(toJobRow);
    return [...shown, fold, ...(isOpen ? folded.map(toJobRow) : [])];
  });
}

function toJobRow(row: TimelineRow): JobRow {
  return { kind: "job", row };
}
