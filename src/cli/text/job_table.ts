/**
 * Jobs as a table.
 *
 * @module
 */
import type { JobSummary } from "../../job/job.ts";
import { distanceText } from "../../duration.ts";
import { type Look, statusInk } from "./look.ts";
import { shortIds } from "./short_ids.ts";
import { type Cell, type Column, tableLines } from "./table.ts";

const columns: readonly Column[] = [
  { title: "job" },
  { title: "queue", least: 8 },
  { title: "status" },
  { title: "attempts", isNumber: true },
  { title: "added" },
  { title: "correlation", least: 8 },
  { title: "trace" },
];

/** A line for each job. In a terminal ids are cut to ends that tell them apart. */
export function jobTable(jobs: readonly JobSummary[], now: number, look: Look): readonly string[] {
  const whole = (id: string) => id;
  const shortJob = look.isTerminal ? shortIds(jobs.map(({ id }) => id)) : whole;
  const shortTrace = look.isTerminal ? shortIds(jobs.map(({ traceId }) => traceId)) : whole;
  const rows = jobs.map((job): readonly Cell[] => [
    [shortJob(job.id), "bold"],
    job.queueName,
    [job.status, statusInk[job.status]],
    `${job.attempts}/${job.maxAttempts}`,
    distanceText(job.createdAt.getTime(), now),
    job.correlationId ?? "",
    [shortTrace(job.traceId), "dim"],
  ]);
  return tableLines(columns, rows, look);
}
