/**
 * Jobs as a table.
 *
 * @module
 */
import type { JobSummary } from "../../job/job.ts";
import { distanceText } from "../../duration.ts";
import { statusColor, type Style } from "./style.ts";
import { shortIds } from "./short_ids.ts";
import { type Cell, type Column, tableLines } from "./table.ts";

const columns: readonly Column[] = [
  { title: "job" },
  { title: "queue", least: 12 },
  { title: "status" },
  { title: "attempts", isNumber: true },
  { title: "created" },
  { title: "correlation", least: 9 },
  { title: "trace" },
];

const forms = [[], ["trace"], ["trace", "attempts"], ["trace", "attempts", "created"]];

/** A line for each job. A terminal shows the ends of ids, as long as needed to distinguish them. */
export function jobTable(
  jobs: readonly JobSummary[],
  now: number,
  style: Style,
): readonly string[] {
  const whole = (id: string) => id;
  const shortJob = style.isTerminal ? shortIds(jobs.map(({ id }) => id)) : whole;
  const shortTrace = style.isTerminal ? shortIds(jobs.map(({ traceId }) => traceId)) : whole;
  const rows = jobs.map((job): readonly Cell[] => [
    [shortJob(job.id), "bold"],
    job.queueName,
    [job.status, statusColor[job.status]],
    `${job.attempts}/${job.maxAttempts}`,
    distanceText(job.createdAt.getTime(), now),
    job.correlationId ?? "",
    [shortTrace(job.traceId), "dim"],
  ]);
  return tableLines(columns, rows, style, forms);
}
