/**
 * `hammerwork job list`.
 *
 * @module
 */
import type { JobStatus } from "../../job/status.ts";
import { jobStatuses } from "../../job/status.ts";
import { checkCorrelationId, checkQueueName, readTraceId } from "../../job/ids.ts";
import type { JobFilter } from "../../queue/lookup.ts";
import type { Command } from "../command.ts";
import { readCursor } from "../cursor.ts";
import { includeOption, readInclude } from "../include.ts";
import { asUsage, UsageError } from "../errors.ts";
import { findJobId } from "../find_by_end.ts";
import type { Given } from "../given.ts";
import { withQueue } from "../open_queue.ts";
import { printJson, printLines } from "../print.ts";
import { jobTable } from "../text/job_table.ts";
import { lookOf } from "../text/look.ts";

/** Lists jobs. */
export const jobList: Command = {
  name: "job list",
  summary: "Lists jobs, the newest first.",
  options: {
    "trace-id": { value: "ID", help: "of this trace: 32 hex digits or a UUID" },
    "correlation-id": { value: "ID", help: "of this business process" },
    queue: { value: "NAME", help: "in this queue" },
    status: { value: "STATUS", multiple: true, help: "with this status; several by comma" },
    parent: { value: "ID", help: "parts of this job" },
    "created-from": { value: "TIME", help: "added then or later: 2h, 7d (ago), or an ISO time" },
    "created-before": { value: "TIME", help: "added before: likewise" },
    limit: { value: "N", help: "at most this many, 1 to 1000; else 20" },
    cursor: { value: "CURSOR", help: "go on where an earlier list ended" },
    include: includeOption,
  },
  notes: "In a terminal the ends of ids are shown, as many digits as tell them apart; in a\n" +
    "pipe and with --json whole ids. --json prints { jobs, nextCursor }, and sizes of\n" +
    "payloads and results that are not included. A list of large jobs ends early:\n" +
    "nextCursor alone says whether there are more.",
  examples: [
    `job list --trace-id "550e8400-e29b-41d4-a716-446655440000"`,
    `job list --correlation-id "order-12345"`,
    "job list --queue payment_queue --status failed --created-from 2h",
  ],
  run: async (given, io) => {
    const filter = readFilter(given);
    const include = readInclude(given);
    const look = lookOf(io);
    const { jobs, nextCursor } = await withQueue(given, io, async (queue) => {
      const parent = given.text("parent");
      const parentId = parent === undefined ? undefined : await findJobId(queue, parent, look);
      return await queue.find({ ...filter, parent: parentId, include });
    });
    if (given.has("json")) return await printJson(io.stdout, { jobs, nextCursor });
    if (jobs.length === 0) return await io.stderr.write("No job matches\n");
    await printLines(io.stdout, jobTable(jobs, Date.now(), look));
    if (nextCursor !== undefined) {
      await io.stderr.write(`There are older ones: --cursor ${nextCursor} goes on\n`);
    }
  },
};

function readFilter(given: Given): JobFilter {
  const checked = <T>(name: string, check: (text: string) => T): T | undefined => {
    const text = given.text(name);
    return text === undefined ? undefined : asUsage(`--${name}`, () => check(text));
  };
  return {
    traceId: checked("trace-id", readTraceId),
    correlationId: checked("correlation-id", checkCorrelationId),
    queueName: checked("queue", checkQueueName),
    status: given.list("status")?.map(readStatus),
    createdFrom: given.moment("created-from"),
    createdBefore: given.moment("created-before"),
    limit: given.integer("limit", 1, 1_000) ?? 20,
    cursor: readCursor(given),
  };
}

function readStatus(text: string): JobStatus {
  if (jobStatuses.includes(text as JobStatus)) return text as JobStatus;
  throw new UsageError(
    `--status must be one of ${jobStatuses.join(", ")}: got ${JSON.stringify(text)}`,
  );
}
