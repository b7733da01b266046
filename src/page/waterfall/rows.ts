/**
 * The rows of a waterfall: each job below its parent. Many jobs of one queue under one parent are folded
 * into one row, except some of those that went wrong or are running.
 *
 * @module
 */
import type { JobNode } from "../../queue/job_tree.ts";
import { groupBy } from "../group_by.ts";
import { groupsOf, type JobGroup, merge } from "./job_groups.ts";

/** A job. */
export interface JobRow {
  readonly kind: "job";
  /** The job. */
  readonly node: JobNode;
  /** How many ancestors it has. */
  readonly level: number;
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
export function rowsOf(roots: readonly JobNode[], open: ReadonlySet<string>): readonly Row[] {
  const groups = groupsOf(roots);
  const rows: Row[] = [];
  const waiting: Row[] = [...topRows(roots, groups, open)].reverse();
  for (let row = waiting.pop(); row !== undefined; row = waiting.pop()) {
    rows.push(row);
    if (row.kind !== "job" || row.node.children.length === 0) continue;
    const { node: { job, children }, level } = row;
    for (const below of siblingRows(children, job.id, level + 1, groups, open).reverse()) {
      waiting.push(below);
    }
  }
  return rows;
}

/** The rows of the roots, below their trace if there are several. */
function topRows(
  roots: readonly JobNode[],
  groups: ReadonlyMap<JobNode, JobGroup>,
  open: ReadonlySet<string>,
): readonly Row[] {
  const traces = groupBy(roots, ({ job }) => job.traceId);
  return [...traces].flatMap(([traceId, nodes]) => {
    const jobs = siblingRows(nodes, traceId, 0, groups, open);
    return traces.size === 1 ? jobs : [{ kind: "trace" as const, traceId }, ...jobs];
  });
}

/** The rows of jobs with one parent. Folded jobs are where the first one of their queue is. */
function siblingRows(
  nodes: readonly JobNode[],
  parent: string,
  level: number,
  groups: ReadonlyMap<JobNode, JobGroup>,
  open: ReadonlySet<string>,
): Row[] {
  const queues = groupBy(nodes, ({ job }) => job.queueName);
  if ([...queues.values()].every((alike) => alike.length <= MAX_UNFOLDED)) {
    return nodes.map((node) => toJobRow(node, level));
  }
  return [...queues].flatMap(([queueName, alike]) => {
    if (alike.length <= MAX_UNFOLDED) return alike.map((node) => toJobRow(node, level));
    const highlighted = new Set(
      alike.filter((node) => groups.get(node)!.isNoteworthy).slice(0, MAX_HIGHLIGHTED),
    );
    const folded = alike.filter((node) => !highlighted.has(node));
    const key = `${parent}.${queueName}`;
    const isOpen = open.has(key);
    const fold: FoldRow = {
      kind: "fold",
      key,
      queueName,
      count: folded.length,
      group: merge(folded.map((node) => groups.get(node)!)),
      level,
      isOpen,
    };
    const shown = [...highlighted].map((node) => toJobRow(node, level));
    return [...shown, fold, ...(isOpen ? folded.map((node) => toJobRow(node, level)) : [])];
  });
}

function toJobRow(node: JobNode, level: number): JobRow {
  return { kind: "job", node, level };
}
