/**
 * `hammerwork job show`.
 *
 * @module
 */
import type { Command } from "../command.ts";
import { FailedError } from "../errors.ts";
import { findJobId } from "../find_by_end.ts";
import { withQueue } from "../open_queue.ts";
import { printJson, printLines } from "../print.ts";
import { jobDetails } from "../text/job_details.ts";
import { lookOf } from "../text/look.ts";

/** Shows one job. */
export const jobShow: Command = {
  name: "job show",
  summary: "Shows one job and its failed attempts.",
  operands: [{ name: "ID" }],
  options: {
    "include-tracing": { help: "its trace, its correlation id, its parent and its spans too" },
  },
  notes: "ID is a whole id, or the last 6 digits or more of one among the newest 10,000\n" +
    "jobs. Long values are cut in a terminal; --json prints all, always.",
  examples: ["job show abc123 --include-tracing", "job show abc123 --json"],
  run: async (given, io) => {
    const look = lookOf(io);
    const job = await withQueue(given, io, async (queue) => {
      const id = await findJobId(queue, given.operands[0]!, look);
      const found = await queue.get(id);
      if (found === undefined) throw new FailedError(`There is no job ${id}`);
      return found;
    });
    if (given.has("json")) return await printJson(io.stdout, job);
    await printLines(io.stdout, jobDetails(job, given.has("include-tracing"), Date.now(), look));
  },
};
