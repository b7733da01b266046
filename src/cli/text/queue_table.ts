/**
 * Queues as a table.
 *
 * @module
 */
import { jobStatuses } from "../../job/status.ts";
import type { QueueStats } from "../count_queues.ts";
import { durationText } from "../../duration.ts";
import { type Look, statusInk } from "./look.ts";
import { type Cell, type Column, tableLines } from "./table.ts";

/** In a narrow terminal names are cut, numbers never. */
const columns: readonly Column[] = [
  { title: "queue", least: 8 },
  ...jobStatuses.map((title) => ({ title, isNumber: true })),
  { title: "oldest", isNumber: true },
];

/** A line for each queue; a status that no queue has jobs with is left out. */
export function queueTable(stats: readonly QueueStats[], look: Look): readonly string[] {
  const rows = stats.map(({ queueName, jobs, oldestReadyMs }): readonly Cell[] => [
    queueName,
    ...jobStatuses.map((status): Cell => countCell(status, jobs[status], stats)),
    oldestReadyMs === undefined ? "" : durationText(oldestReadyMs),
  ]);
  return tableLines(columns, rows, look);
}

function countCell(
  status: typeof jobStatuses[number],
  count: number,
  stats: readonly QueueStats[],
): Cell {
  if (count > 0) return [count.toLocaleString("en"), statusInk[status]];
  return stats.some(({ jobs }) => jobs[status] > 0) ? ["0", "dim"] : "";
}
