/**
 * The rows of a waterfall: every job below the one that it is a part of. Many jobs of one queue
 * under one parent are folded into a row, from which those stand out that went wrong or are under way.
 *
 * @module
 */
import type { JobNode } from "../../queue/job_tree.ts";
import { groupedBy } from "../group_by.ts";
import { groupsOf, type JobGroup, merge } from "./families.ts";

/** A job. */
export interface JobRow {
  readonly kind: "job";
  /** The job. */
  readonly node: JobNode;
  /** How many jobs it lies below. */
  readonly level: number;
}

/** Jobs of one queue under one parent. */
export interface FoldRow {
  readonly kind: "fold";
  /** Names it among all of its tree. */
  readonly key: string;
  /** Their queue. */
  readonly queueName: string;
  /** How many they are, those below them left out. */
  readonly count: number;
  /** They, with all the jobs below them. */
  readonly family: JobGroup;
  /** How many jobs they lie below. */
  readonly level: number;
  /** Whether they follow. */
  readonly isOpen: boolean;
}

/** Jobs of one trace, among those of several. */
export interface TraceRow {
  readonly kind: "trace";
  /** The trace. */
  readonly traceId: string;
}

/** One line of a waterfall. */
export type Row = JobRow | FoldRow | TraceRow;

/** As many are shown one by one. */
const MOST_ALIKE = 12;
/** As many stand out of those that are folded. */
const MOST_STANDING_OUT = 8;

/** All rows in order. Without recursion: each job may be a part of the one before it. */
export function rowsOf(roots: readonly JobNode[], open: ReadonlySet<string>): readonly Row[] {
  const families = groupsOf(roots);
  const rows: Row[] = [];
  const waiting: Row[] = [...topRows(roots, families, open)].reverse();
  for (let row = waiting.pop(); row !== undefined; row = waiting.pop()) {
    rows.push(row);
    if (row.kind !== "job" || row.node.children.length === 0) continue;
    const { node: { job, children }, level } = row;
    for (const below of siblingRows(children, job.id, level + 1, families, open).reverse()) {
      waiting.push(below);
    }
  }
  return rows;
}

/** Jobs of several traces stand under their traces. */
function topRows(
  roots: readonly JobNode[],
  families: ReadonlyMap<JobNode, JobGroup>,
  open: ReadonlySet<string>,
): readonly Row[] {
  const traces = groupedBy(roots, ({ job }) => job.traceId);
  return [...traces].flatMap(([traceId, nodes]) => {
    const jobs = siblingRows(nodes, traceId, 0, families, open);
    return traces.size === 1 ? jobs : [{ kind: "trace" as const, traceId }, ...jobs];
  });
}

/** Jobs under one parent, each queue's where its first one is. */
function siblingRows(
  nodes: readonly JobNode[],
  parent: string,
  level: number,
  families: ReadonlyMap<JobNode, JobGroup>,
  open: ReadonlySet<string>,
): Row[] {
  const queues = groupedBy(nodes, ({ job }) => job.queueName);
  if ([...queues.values()].every((alike) => alike.length <= MOST_ALIKE)) {
    return nodes.map((node) => toJobRow(node, level));
  }
  return [...queues].flatMap(([queueName, alike]) => {
    if (alike.length <= MOST_ALIKE) return alike.map((node) => toJobRow(node, level));
    const outstanding = new Set(
      alike.filter((node) => families.get(node)!.isNoteworthy).slice(0, MOST_STANDING_OUT),
    );
    const folded = alike.filter((node) => !outstanding.has(node));
    const key = `${parent}.${queueName}`;
    const isOpen = open.has(key);
    const fold: FoldRow = {
      kind: "fold",
      key,
      queueName,
      count: folded.length,
      family: merge(folded.map((node) => families.get(node)!)),
      level,
      isOpen,
    };
    const shown = [...outstanding].map((node) => toJobRow(node, level));
    return [...shown, fold, ...(isOpen ? folded.map((node) => toJobRow(node, level)) : [])];
  });
}

function toJobRow(node: JobNode, level: number): JobRow {
  return { kind: "job", node, level };
}
