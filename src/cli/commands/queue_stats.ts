/**
 * `hammerwork queue stats`.
 *
 * @module
 */
import { durationText } from "../../duration.ts";
import { jobStatuses } from "../../job/status.ts";
import type { JobQueue } from "../../queue/queue.ts";
import type { QueueStats, Stats } from "../../queue/stats.ts";
import type { Command } from "../command.ts";
import type { Arguments } from "../arguments.ts";
import type { Io } from "../io.ts";
import { withQueue } from "../open_queue.ts";
import { printJson, printLines } from "../print.ts";
import { statusColor, type Style, styleOf } from "../text/style.ts";
import { type Cell, type Column, tableLines } from "../text/table.ts";

/** Shows the queues with their counts. */
export const queueStats: Command = {
  name: "queue stats",
  summary: "Counts the jobs of each queue by status.",
  options: {
    watch: { help: "repeat until Ctrl-C" },
    every: { value: "TIME", help: "interval of --watch, at least 100ms; default: 1s" },
  },
  notes: "The column oldest is the time for which the oldest ready job has been due.\n" +
    "--json prints { queues, vacuumBlocker } on a line, with --watch every time.",
  examples: ["queue stats", "queue stats --watch"],
  run: async (args, io) => {
    await withQueue(args, io, async (queue) => {
      if (args.has("watch")) await watch(queue, args, io);
      else await show(await queue.stats(), args, io);
    });
  },
};

async function watch(queue: JobQueue, args: Arguments, io: Io): Promise<void> {
  const stop = io.interrupted();
  const everyMs = Math.max(100, args.duration("every") ?? 1_000);
  const isScreen = io.stdout.isTerminal && io.env.TERM !== "dumb" && !args.has("json");
  if (isScreen) await io.stdout.write(CLEAR);
  while (!stop.aborted) {
    const stats = await queue.stats();
    if (isScreen) await redraw(stats, io);
    else await show(stats, args, io);
    if (!isScreen && !args.has("json")) await io.stdout.write("\n");
    await pause(everyMs, stop);
  }
}

async function show(stats: Stats, args: Arguments, io: Io): Promise<void> {
  if (args.has("json")) return await printJson(io.stdout, stats);
  if (stats.queues.length === 0) return await io.stderr.write("There are no jobs\n");
  await printLines(io.stdout, queueTable(stats.queues, styleOf(io)));
}

const CLEAR = "\u001b[2J";
const HOME = "\u001b[H";
const REST_OF_LINE = "\u001b[K";
const REST_OF_SCREEN = "\u001b[J";

/** Overwrites the screen line by line, which does not flicker. */
async function redraw(stats: Stats, io: Io): Promise<void> {
  const lines = stats.queues.length === 0
    ? ["There are no jobs"]
    : queueTable(stats.queues, styleOf(io));
  const all = [...lines, "", styleOf(io).paint("dim", "Press Ctrl-C to stop")];
  await io.stdout.write(
    HOME + all.map((line) => `${line}${REST_OF_LINE}\n`).join("") + REST_OF_SCREEN,
  );
}

function pause(ms: number, stop: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (stop.aborted) return resolve();
    const end = () => {
      clearTimeout(timer);
      stop.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    stop.addEventListener("abort", end);
  });
}

/** A narrow terminal cuts names, but no numbers. */
const columns: readonly Column[] = [
  { title: "queue", least: 8 },
  ...jobStatuses.map((title) => ({ title, isNumber: true })),
  { title: "oldest", isNumber: true },
];

/** A line for each queue, without the statuses that no job has. */
function queueTable(stats: readonly QueueStats[], style: Style): readonly string[] {
  const rows = stats.map(({ queueName, jobs, oldestReadyMs }): readonly Cell[] => [
    queueName,
    ...jobStatuses.map((status): Cell => countCell(status, jobs[status], stats)),
    oldestReadyMs === undefined ? "" : durationText(oldestReadyMs),
  ]);
  return tableLines(columns, rows, style);
}

function countCell(
  status: typeof jobStatuses[number],
  count: number,
  stats: readonly QueueStats[],
): Cell {
  if (count > 0) return [count.toLocaleString("en"), statusColor[status]];
  return stats.some(({ jobs }) => jobs[status] > 0) ? ["0", "dim"] : "";
}
