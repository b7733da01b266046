/**
 * `hammerwork queue stats`.
 *
 * @module
 */
import { durationText } from "../../duration.ts";
import { type JobStatus, jobStatuses } from "../../job/status.ts";
import type { JobQueue } from "../../queue/queue.ts";
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
    "--json prints { queues } on a line, with --watch a line each time.",
  examples: ["queue stats", "queue stats --watch"],
  run: async (args, io) => {
    await withQueue(args, io, async (queue) => {
      if (args.has("watch")) await watch(queue, args, io);
      else await show(await countQueues(queue), args, io);
    });
  },
};

async function watch(queue: JobQueue, args: Arguments, io: Io): Promise<void> {
  const stop = io.interrupted();
  const everyMs = Math.max(100, args.duration("every") ?? 1_000);
  const isScreen = io.stdout.isTerminal && io.env.TERM !== "dumb" && !args.has("json");
  if (isScreen) await io.stdout.write(CLEAR);
  while (!stop.aborted) {
    const stats = await countQueues(queue);
    if (isScreen) await redraw(stats, io);
    else await show(stats, args, io);
    if (!isScreen && !args.has("json")) await io.stdout.write("\n");
    await pause(everyMs, stop);
  }
}

async function show(stats: readonly QueueStats[], args: Arguments, io: Io): Promise<void> {
  if (args.has("json")) return await printJson(io.stdout, { queues: stats });
  if (stats.length === 0) return await io.stderr.write("There are no jobs\n");
  await printLines(io.stdout, queueTable(stats, styleOf(io)));
}

const CLEAR = "\u001b[2J";
const HOME = "\u001b[H";
const REST_OF_LINE = "\u001b[K";
const REST_OF_SCREEN = "\u001b[J";

/** Overwrites the screen line by line, which does not flicker. */
async function redraw(stats: readonly QueueStats[], io: Io): Promise<void> {
  const lines = stats.length === 0 ? ["There are no jobs"] : queueTable(stats, styleOf(io));
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

/** The counts of one queue. */
interface QueueStats {
  readonly queueName: string;
  /** Jobs by status, zeros included. */
  readonly jobs: Readonly<Record<JobStatus, number>>;
  /** For how many ms the oldest ready job has been due; `undefined` if no job is ready. */
  readonly oldestReadyMs: number | undefined;
}

/** The counts of every queue, sorted by name. */
async function countQueues(queue: JobQueue): Promise<readonly QueueStats[]> {
  const [counts, health] = await Promise.all([queue.counts(), queue.health()]);
  const oldest = new Map(health.queues.map((one) => [one.queueName, one.oldestReadyMs]));
  const names = [...new Set(counts.map(({ queueName }) => queueName))].sort();
  return names.map((queueName) => {
    const ofQueue = counts.filter((count) => count.queueName === queueName);
    const jobs = Object.fromEntries(
      jobStatuses.map((status) => [
        status,
        ofQueue.find((count) => count.status === status)?.count ?? 0,
      ]),
    ) as Record<JobStatus, number>;
    return { queueName, jobs, oldestReadyMs: oldest.get(queueName) };
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
