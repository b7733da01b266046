/**
 * `hammerwork queue stats`.
 *
 * @module
 */
import type { JobQueue } from "../queue/queue.ts";
import type { Command } from "./command.ts";
import type { Given } from "./given.ts";
import type { Io } from "./io.ts";
import { withQueue } from "./open_queue.ts";
import { printJson, printLines } from "./print.ts";
import { lookOf } from "./text/look.ts";
import { queueTable } from "./text/queue_table.ts";
import { countQueues, type QueueStats } from "./count_queues.ts";

/** Shows how the queues stand. */
export const queueStats: Command = {
  name: "queue stats",
  summary: "Counts the jobs of each queue by status.",
  options: {
    watch: { help: "again and again, until Ctrl-C" },
    every: { value: "TIME", help: "how often, from 100ms; else 1s" },
  },
  notes: "oldest is how long the oldest ready job has been due. --json prints { queues },\n" +
    "with --watch one such line each time.",
  examples: ["queue stats", "queue stats --watch"],
  run: async (given, io) => {
    await withQueue(given, io, async (queue) => {
      if (given.has("watch")) await watch(queue, given, io);
      else await show(await countQueues(queue), given, io);
    });
  },
};

async function watch(queue: JobQueue, given: Given, io: Io): Promise<void> {
  const stop = io.interrupted();
  const everyMs = Math.max(100, given.duration("every") ?? 1_000);
  const isScreen = io.stdout.isTerminal && io.env.TERM !== "dumb" && !given.has("json");
  if (isScreen) await io.stdout.write(CLEAR);
  while (!stop.aborted) {
    const stats = await countQueues(queue);
    if (isScreen) await redraw(stats, io);
    else await show(stats, given, io);
    if (!isScreen && !given.has("json")) await io.stdout.write("\n");
    await pause(everyMs, stop);
  }
}

async function show(stats: readonly QueueStats[], given: Given, io: Io): Promise<void> {
  if (given.has("json")) return await printJson(io.stdout, { queues: stats });
  if (stats.length === 0) return await io.stderr.write("There are no jobs\n");
  await printLines(io.stdout, queueTable(stats, lookOf(io)));
}

const CLEAR = "\u001b[2J";
const HOME = "\u001b[H";
const REST_OF_LINE = "\u001b[K";
const REST_OF_SCREEN = "\u001b[J";

/** Writes over what is there, line by line, so that nothing flickers. */
async function redraw(stats: readonly QueueStats[], io: Io): Promise<void> {
  const lines = stats.length === 0 ? ["There are no jobs"] : queueTable(stats, lookOf(io));
  const all = [...lines, "", lookOf(io).paint("dim", "Ctrl-C ends it")];
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
