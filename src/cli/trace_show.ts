/**
 * `hammerwork trace show`.
 *
 * @module
 */
import { checkCorrelationId } from "../job/ids.ts";
import type { JobTree } from "../queue/job_tree.ts";
import type { JobQueue } from "../queue/queue.ts";
import type { Command } from "./command.ts";
import { asUsage, FailedError, UsageError } from "./errors.ts";
import { findTraceId } from "./find_by_end.ts";
import { readCursor } from "./cursor.ts";
import { includeOption, readInclude } from "./include.ts";
import type { Given } from "./given.ts";
import { withQueue } from "./open_queue.ts";
import { printJson, printLines } from "./print.ts";
import { type Look, lookOf } from "./text/look.ts";
import { traceTree } from "./text/trace_tree.ts";

/** Which jobs: those of a trace, or those of a business process. */
type Whose = { readonly traceId: string } | { readonly correlationId: string };

/** Shows a trace. */
export const traceShow: Command = {
  name: "trace show",
  summary: "Shows a trace as a tree with bars.",
  operands: [{ name: "ID", optional: true }],
  options: {
    "correlation-id": { value: "ID", help: "the jobs of a business process instead of a trace" },
    cursor: { value: "CURSOR", help: "go on where an earlier tree ended" },
    include: includeOption,
  },
  notes: "ID is a trace id: 32 hex digits, a UUID, or the last 6 digits or more of one of\n" +
    "the newest 10,000 jobs. A tree shows up to 1,000 jobs, the newest. --json prints\n" +
    "{ traceId or correlationId, startedAt, finishedAt, nextCursor, roots }.",
  examples: [
    `trace show 550e8400-e29b-41d4-a716-446655440000`,
    "trace show --correlation-id order-12345",
  ],
  run: async (given, io) => {
    const look = lookOf(io);
    const cursor = readCursor(given);
    const include = readInclude(given);
    const { whose, tree } = await withQueue(given, io, async (queue) => {
      const whose = await readWhose(queue, given, look);
      const tree = await queue.tree({ ...whose, cursor, include });
      return { whose, tree };
    });
    if (tree.jobs.length === 0) throw nothingOf(whose);
    if (given.has("json")) {
      // Each job is in the tree once: its list would repeat them.
      const { jobs: _, ...json } = tree;
      return await printJson(io.stdout, { ...whose, ...json });
    }
    await printLines(io.stdout, traceTree(tree, Date.now(), look));
    if (tree.nextCursor !== undefined) await io.stderr.write(olderText(tree));
  },
};

async function readWhose(queue: JobQueue, given: Given, look: Look): Promise<Whose> {
  const [traceId] = given.operands;
  const correlationId = given.text("correlation-id");
  if ((traceId === undefined) === (correlationId === undefined)) {
    throw new UsageError("hammerwork trace show needs a trace id or --correlation-id, one of both");
  }
  if (traceId !== undefined) return { traceId: await findTraceId(queue, traceId, look) };
  const check = () => checkCorrelationId(correlationId);
  return { correlationId: asUsage("--correlation-id", check) };
}

function nothingOf(whose: Whose): FailedError {
  const what = "traceId" in whose
    ? `trace id ${whose.traceId}`
    : `correlation id ${JSON.stringify(whose.correlationId)}`;
  return new FailedError(`No job has the ${what}`);
}

function olderText({ jobs, nextCursor }: Pick<JobTree, "jobs" | "nextCursor">): string {
  return `These are the newest ${jobs}: --cursor ${nextCursor} shows older ones\n`;
}
