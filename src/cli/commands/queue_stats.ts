/**
 * `hammerwork queue stats`.
 *
 * @module
 */
import type { JobQueue } from "../../queue/queue.ts";
import type { Stats } from "../../queue/stats.ts";
import type { Arguments } from "../arguments.ts";
import type { Command } from "../command.ts";
import type { Io } from "../io.ts";
import { withQueue } from "../open_queue.ts";
import { printJson, printLines } from "../print.ts";
import { RATE_MS, Readings } from "../queue_rates.ts";
import { queueTable, readingLines, watchScreen } from "../text/queue_table.ts";
import { styleOf } from "../text/style.ts";

/** Shows the queues with their counts. */
export const queueStats: Command = {
  name: "queue stats",
  summary: "Counts the jobs of each queue by status.",
  options: {
    watch: { help: "repeat with rates until Ctrl-C" },
    every: { value: "TIME", help: "interval of --watch, at least 100ms; default: 1s" },
  },
  notes: "The column oldest is the time for which the oldest ready job has been due. In a\n" +
    "narrow terminal waiting is the number of scheduled, blocked and retrying jobs. Where\n" +
    "a queue is paused, paused says for how much longer.\n\n" +
    "--watch adds, of the last minute: per min, the number of jobs that ended; failing,\n" +
    "how many of a hundred of them failed; growth, by how much the number of jobs that\n" +
    "have not ended has changed. A terminal is drawn anew each time; elsewhere each\n" +
    "queue is a line that begins with the time.\n\n" +
    "--json prints { queues, vacuumBlocker } on a line. With --watch it does so each\n" +
    "time, with { at } and, in each queue, { ended, endedPerMinute, failureRate,\n" +
    "growthPerMinute }.",
  examples: ["queue stats", "queue stats --watch"],
  run: async (args, io) => {
    await withQueue(args, io, async (queue) => {
      if (args.has("watch")) await watch(queue, args, io);
      else await show(await queue.stats(), args, io);
    });
  },
};

async function show(stats: Stats, args: Arguments, io: Io): Promise<void> {
  if (args.has("json")) return await printJson(io.stdout, stats);
  if (stats.queues.length === 0) return await io.stderr.write("There are no jobs\n");
  await printLines(io.stdout, queueTable(stats.queues, Date.now(), styleOf(io)));
}

async function watch(queue: JobQueue, args: Arguments, io: Io): Promise<void> {
  const stop = io.interrupted();
  const everyMs = Math.max(100, args.duration("every") ?? 1_000);
  const isScreen = io.stdout.isTerminal && io.env.TERM !== "dumb" && !args.has("json");
  const readings = new Readings();
  if (isScreen) await io.stdout.write(CLEAR);
  while (!stop.aborted) {
    const stats = await queue.stats({ endedWithinMs: RATE_MS });
    const reading = readings.add(stats, Date.now());
    if (args.has("json")) await printJson(io.stdout, reading);
    else if (isScreen) await redraw(watchScreen(reading, io.stdout.rows, styleOf(io)), io);
    else await printLines(io.stdout, readingLines(reading));
    await pause(everyMs, stop);
  }
}

const CLEAR = "\u001b[2J";
const HOME = "\u001b[H";
const REST_OF_LINE = "\u001b[K";
const REST_OF_SCREEN = "\u001b[J";

/** Overwrites the screen line by line, which does not flicker. */
async function redraw(lines: readonly string[], io: Io): Promise<void> {
  await io.stdout.write(
    HOME + lines.map((line) => `${line}${REST_OF_LINE}\n`).join("") + REST_OF_SCREEN,
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
