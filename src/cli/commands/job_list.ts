/**
 * `hammerwork job list`.
 *
 * @module
 */
import type { Command } from "../command.ts";
import { filterOptions, queueAdvice, readFilter, readParent } from "../job_filter.ts";
import { includeOption, readCursor, readInclude } from "../lookup_options.ts";
import { withQueue } from "../open_queue.ts";
import { printJson, printLines } from "../print.ts";
import { jobTable } from "../text/job_table.ts";
import { styleOf } from "../text/style.ts";

/** Lists jobs. */
export const jobList: Command = {
  name: "job list",
  summary: "Lists jobs, newest first.",
  options: {
    ...filterOptions,
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
    const filter = readFilter(args);
    const limit = args.integer("limit", 1, 1_000) ?? 20;
    const cursor = readCursor(args);
    const include = readInclude(args);
    const style = styleOf(io);
    const { jobs, nextCursor, advice } = await withQueue(args, io, async (queue) => {
      const parent = await readParent(queue, args, style);
      const page = await queue.find({ ...filter, parent, limit, cursor, include });
      return { ...page, advice: page.jobs.length === 0 ? await queueAdvice(queue, args) : "" };
    });
    if (args.has("json")) return await printJson(io.stdout, { jobs, nextCursor });
    if (jobs.length === 0) return await io.stderr.write(`No job found${advice}\n`);
    await printLines(io.stdout, jobTable(jobs, Date.now(), style));
    if (nextCursor !== undefined) {
      await io.stderr.write(`There are older jobs: --cursor ${nextCursor} lists them\n`);
    }
  },
};
