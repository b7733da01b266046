/**
 * The rows of a waterfall: each job below its parent. Many jobs of one queue under one parent are folded
 * into one row, except some of those that went wrong or are running.
 *
 * @module
 */
import type { Timeline, TimelineRow } from "../../queue/timeline.ts";
import { groupBy } from "../group_by.ts";
import { groupsOf, type JobGroup, merge } from "./job_groups.ts";

/** A job in a row of its own. */
export interface SingleRow {
  readonly kind: "job";
  /** The job. */
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
export type WaterfallRow = SingleRow | FoldRow | TraceRow;

/** The maximum number of jobs of one queue that are not folded. */
const MAX_UNFOLDED = 12;
/** The maximum number of jobs that are shown beside a folded row. */
const MAX_HIGHLIGHTED = 8;

/** All rows in order. Without recursion: a tree can be as deep as it has jobs. */
export function rowsOf(timeline: Timeline, open: ReadonlySet<string>): readonly WaterfallRow[] {
  const groups = groupsOf(timeline);
  const rows: WaterfallRow[] = [];
  const waiting: WaterfallRow[] = [...topRows(timeline.roots, groups, open)].reverse();
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    rows.push(next);
    if (next.kind !== "job") continue;
    const { job, children } = next.row;
    for (const below of siblingRows(children, job.id, groups, open).reverse()) waiting.push(below);
  }
  return rows;
}

/** The rows of the roots, below their trace if there are several. */
function topRows(
  roots: readonly TimelineRow[],
  groups: ReadonlyMap<TimelineRow, JobGroup>,
  open: ReadonlySet<string>,
): readonly WaterfallRow[] {
  const traces = groupBy(roots, ({ job }) => job.traceId);
  return [...traces].flatMap(([traceId, rows]) => {
    const jobs = siblingRows(rows, traceId, groups, open);
    return traces.size === 1 ? jobs : [{ kind: "trace" as const, traceId }, ...jobs];
  });
}

/** The rows of jobs with one parent. Folded jobs are where the first one of their queue is. */
function siblingRows(
  siblings: readonly TimelineRow[],
  parent: string,
  groups: ReadonlyMap<TimelineRow, JobGroup>,
  open: ReadonlySet<string>,
): WaterfallRow[] {
  const queues = groupBy(siblings, ({ job }) => job.queueName);
  if ([...queues.values()].every((rows) => rows.length <= MAX_UNFOLDED)) {
    return siblings.map(singleRow);
  }
  return [...queues].flatMap(([queueName, rows]) => {
    if (rows.length <= MAX_UNFOLDED) return rows.map(singleRow);
    const highlighted = new Set(
      rows.filter((row) => groups.get(row)!.isNoteworthy).slice(0, MAX_HIGHLIGHTED),
    );
    const folded = rows.filter((row) => !highlighted.has(row));
    const key = `${parent}.${queueName}`;
    const isOpen = open.has(key);
    const fold: FoldRow = {
      kind: "fold",
      key,
      queueName,
      count: folded.length,
      group: merge(folded.map((row) => groups.get(row)!)),
      level: rows[0]!.level,
      isOpen,
    };
    return [...[...highlighted].map(singleRow), fold, ...isOpen ? folded.map(singleRow) : []];
  });
}

function singleRow(row: TimelineRow): SingleRow {
  return { kind: "job", row };
}
