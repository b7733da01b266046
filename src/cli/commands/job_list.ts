/**
 * `hammerwork job list`.
 *
 * @module
 */
import type { JobStatus } from "../../job/status.ts";
import { jobStatuses } from "../../job/status.ts";
import { checkCorrelationId, checkQueueName, readTraceId } from "../../job/ids.ts";
import type { JobFilter } from "../../queue/find.ts";
import type { Command } from "../command.ts";
import { includeOption, readCursor, readInclude } from "../lookup_options.ts";
import { asUsage, UsageError } from "../errors.ts";
import { findJobId } from "../find_by_end.ts";
import type { Arguments } from "../arguments.ts";
import { withQueue } from "../open_queue.ts";
import { printJson, printLines } from "../print.ts";
import { jobTable } from "../text/job_table.ts";
import { styleOf } from "../text/style.ts";

/** Lists jobs. */
export const jobList: Command = {
  name: "job list",
  summary: "Lists jobs, newest first.",
  options: {
    "trace-id": { value: "ID", help: "jobs of this trace: 32 hex digits or a UUID" },
    "correlation-id": { value: "ID", help: "jobs of this business process" },
    queue: { value: "NAME", help: "jobs of this queue" },
    status: {
      value: "STATUS",
      multiple: true,
      help: "jobs with this status, or one of several (a,b)",
    },
    parent: { value: "ID", help: "child jobs of this job" },
    "created-from": { value: "TIME", help: "created since 15m, 2h, 7d (ago) or an ISO time" },
    "created-before": { value: "TIME", help: "created before this time, in the same forms" },
    limit: { value: "N", help: "maximum number of jobs, 1 to 1000; default: 20" },
    cursor: { value: "CURSOR", help: "continue an earlier list" },
    include: includeOption,
  },
  notes: "A job must match all options. STATUS is scheduled, blocked, ready, running,\n" +
    "retrying, completed, failed or cancelled.\n\n" +
    "In a terminal ids are shortened to their last digits; in a pipe and with --json\n" +
    "they are whole. --json prints { jobs, nextCursor }; without --include, payloads\n" +
    "and results are given as sizes. A page of large jobs can be shorter than the\n" +
    "limit: only a missing nextCursor says that it is the last one.",
  examples: [
    `job list --trace-id "550e8400-e29b-41d4-a716-446655440000"`,
    `job list --correlation-id "order-12345"`,
    "job list --queue payment_queue --status failed --created-from 2h",
  ],
  run: async (args, io) => {
    const filter = filterOf(args);
    const include = readInclude(args);
    const style = styleOf(io);
    const { jobs, nextCursor } = await withQueue(args, io, async (queue) => {
      const parent = args.text("parent");
      const parentId = parent === undefined ? undefined : await findJobId(queue, parent, style);
      return await queue.find({ ...filter, parent: parentId, include });
    });
    if (args.has("json")) return await printJson(io.stdout, { jobs, nextCursor });
    if (jobs.length === 0) return await io.stderr.write("No job found\n");
    await printLines(io.stdout, jobTable(jobs, Date.now(), style));
    if (nextCursor !== undefined) {
      await io.stderr.write(`There are older jobs: --cursor ${nextCursor} lists them\n`);
    }
  },
};

function filterOf(args: Arguments): JobFilter {
  const checked = <T>(name: string, check: (text: string) => T): T | undefined => {
    const text = args.text(name);
    return text === undefined ? undefined : asUsage(`--${name}`, () => check(text));
  };
  return {
    traceId: checked("trace-id", readTraceId),
    correlationId: checked("correlation-id", checkCorrelationId),
    queueName: checked("queue", checkQueueName),
    status: args.list("status")?.map(readStatus),
    createdFrom: args.moment("created-from"),
    createdBefore: args.moment("created-before"),
    limit: args.integer("limit", 1, 1_000) ?? 20,
    cursor: readCursor(args),
  };
}

function readStatus(text: string): JobStatus {
  if (jobStatuses.includes(text as JobStatus)) return text as JobStatus;
  throw new UsageError(
    `--status must be one of ${jobStatuses.join(", ")}: got ${JSON.stringify(text)}`,
  );
}
