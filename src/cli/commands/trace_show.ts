/**
 * `hammerwork trace show`.
 *
 * @module
 */
import { checkCorrelationId } from "../../job/ids.ts";
import type { JobTree } from "../../queue/job_tree.ts";
import type { JobQueue } from "../../queue/queue.ts";
import type { Command } from "../command.ts";
import { asUsage, FailedError, UsageError } from "../errors.ts";
import { findTraceId } from "../find_by_end.ts";
import { includeOption, readCursor, readInclude } from "../lookup_options.ts";
import type { Arguments } from "../arguments.ts";
import { withQueue } from "../open_queue.ts";
import { printJson, printLines } from "../print.ts";
import { type Style, styleOf } from "../text/style.ts";
import { traceTree } from "../text/trace_tree.ts";

/** The jobs of a trace, or those of a business process. */
type TreeKey = { readonly traceId: string } | { readonly correlationId: string };

/** Shows a trace. */
export const traceShow: Command = {
  name: "trace show",
  summary: "Shows a trace as a tree of jobs with time bars.",
  operands: [{ name: "ID", optional: true }],
  options: {
    "correlation-id": { value: "ID", help: "show a business process instead of a trace" },
    cursor: { value: "CURSOR", help: "continue an earlier tree" },
    include: includeOption,
  },
  notes: "ID is a trace id, 32 hex digits or a UUID, or at least the last 6 digits of the\n" +
    "trace id of one of the newest 10,000 jobs. A tree has at most 1,000 jobs, the\n" +
    "newest ones. --json prints { traceId or correlationId, startedAt, finishedAt,\n" +
    "nextCursor, roots }.",
  examples: [
    `trace show 550e8400-e29b-41d4-a716-446655440000`,
    "trace show --correlation-id order-12345",
  ],
  run: async (args, io) => {
    const style = styleOf(io);
    const cursor = readCursor(args);
    const include = readInclude(args);
    const { key, tree } = await withQueue(args, io, async (queue) => {
      const key = await readKey(queue, args, style);
      const tree = await queue.tree({ ...key, cursor, include });
      return { key, tree };
    });
    if (tree.jobs.length === 0) throw notFound(key);
    if (args.has("json")) {
      // The tree contains each job once; its list would repeat them.
      const { jobs: _, ...json } = tree;
      return await printJson(io.stdout, { ...key, ...json });
    }
    await printLines(io.stdout, traceTree(tree, Date.now(), style));
    if (tree.nextCursor !== undefined) await io.stderr.write(olderText(tree));
  },
};

async function readKey(queue: JobQueue, args: Arguments, style: Style): Promise<TreeKey> {
  const [traceId] = args.operands;
  const correlationId = args.text("correlation-id");
  if ((traceId === undefined) === (correlationId === undefined)) {
    throw new UsageError("hammerwork trace show needs either a trace id or --correlation-id");
  }
  if (traceId !== undefined) return { traceId: await findTraceId(queue, traceId, style) };
  const check = () => checkCorrelationId(correlationId);
  return { correlationId: asUsage("--correlation-id", check) };
}

function notFound(key: TreeKey): FailedError {
  const what = "traceId" in key
    ? `trace id ${key.traceId}`
    : `correlation id ${JSON.stringify(key.correlationId)}`;
  return new FailedError(`No job has the ${what}`);
}

function olderText({ jobs, nextCursor }: Pick<JobTree, "jobs" | "nextCursor">): string {
  return `These are the newest ${jobs.length} jobs: --cursor ${nextCursor} shows older ones\n`;
}
