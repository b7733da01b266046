/**
 * `hammerwork trace show`.
 *
 * @module
 */
import { checkCorrelationId } from "../../job/ids.ts";
import type { JobFilter } from "../../queue/find.ts";
import type { JobTree } from "../../queue/job_tree.ts";
import type { JobQueue } from "../../queue/queue.ts";
import type { Command } from "../command.ts";
import { asUsage, FailedError, UsageError } from "../errors.ts";
import { findTrace } from "../find_by_end.ts";
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
    "trace id of one of the newest 10,000 jobs. If no trace has it, it is taken for a\n" +
    "correlation id. A tree has at most 1,000 jobs, the newest ones. --json prints\n" +
    "{ traceId or correlationId, startedAt, finishedAt, nextCursor, roots }.",
  examples: [
    `trace show 550e8400-e29b-41d4-a716-446655440000`,
    "trace show order-12345",
  ],
  run: async (args, io) => {
    const style = styleOf(io);
    checkKey(args);
    const part = { cursor: readCursor(args), include: readInclude(args) };
    const { key, tree } = await withQueue(
      args,
      io,
      (queue) => findTree(queue, args, part, style),
    );
    if (args.has("json")) {
      // The tree contains each job once; its list would repeat them.
      const { jobs: _, ...json } = tree;
      return await printJson(io.stdout, { ...key, ...json });
    }
    await printLines(io.stdout, traceTree(tree, Date.now(), style));
    if (tree.nextCursor !== undefined) await io.stderr.write(olderText(tree));
  },
};

function checkKey(args: Arguments): void {
  const correlationId = args.text("correlation-id");
  if ((args.operands.length === 0) === (correlationId === undefined)) {
    throw new UsageError("hammerwork trace show needs either a trace id or --correlation-id");
  }
  if (correlationId === undefined) return;
  asUsage("--correlation-id", () => checkCorrelationId(correlationId));
}

interface FoundTree {
  readonly key: TreeKey;
  readonly tree: JobTree;
}

/** The part of a tree to read. */
type TreePart = Pick<JobFilter, "cursor" | "include">;

async function findTree(
  queue: JobQueue,
  args: Arguments,
  part: TreePart,
  style: Style,
): Promise<FoundTree> {
  const correlationId = args.text("correlation-id");
  if (correlationId === undefined) return await treeById(queue, args.operands[0]!, part, style);
  const found = await treeOf(queue, { correlationId }, part);
  return found ?? notFound(`the correlation id ${JSON.stringify(correlationId)}`);
}

/** The tree of a trace with this id, else that of a business process with this id. */
async function treeById(
  queue: JobQueue,
  text: string,
  part: TreePart,
  style: Style,
): Promise<FoundTree> {
  const trace = await findTrace(queue, text, style);
  const { traceId } = trace ?? {};
  const ofTrace = traceId === undefined ? undefined : await treeOf(queue, { traceId }, part);
  if (ofTrace !== undefined) return ofTrace;
  const correlationId = asUsage("ID", () => checkCorrelationId(text));
  const ofProcess = await treeOf(queue, { correlationId }, part);
  if (ofProcess !== undefined) return ofProcess;
  const sought = `the correlation id ${JSON.stringify(text)}`;
  return trace === undefined
    ? notFound(`${sought}; a trace id must be complete, or at least its last 6 hex digits`)
    : notFound(`${trace.sought}, or ${sought}`);
}

async function treeOf(
  queue: JobQueue,
  key: TreeKey,
  part: TreePart,
): Promise<FoundTree | undefined> {
  const tree = await queue.tree({ ...key, ...part });
  return tree.jobs.length === 0 ? undefined : { key, tree };
}

function notFound(sought: string): never {
  throw new FailedError(`No job has ${sought}`);
}

function olderText({ jobs, nextCursor }: Pick<JobTree, "jobs" | "nextCursor">): string {
  return `These are the newest ${jobs.length} jobs: --cursor ${nextCursor} shows older ones\n`;
}
