/**
 * `hammerwork queue pause`, `queue resume` and `queue list`.
 *
 * @module
 */
import { distanceText, durationText } from "../../duration.ts";
import { checkQueueName } from "../../job/ids.ts";
import { type NamedPause, pause, pauses, resume } from "../../operate/pause.ts";
import type { JobQueue } from "../../queue/queue.ts";
import type { QueueStats } from "../../queue/stats.ts";
import type { Arguments, Options } from "../arguments.ts";
import type { Command } from "../command.ts";
import { asUsage, FailedError, UsageError } from "../errors.ts";
import { userName } from "../io.ts";
import { withQueue } from "../open_queue.ts";
import { printJson, printLines } from "../print.ts";
import { nearestQueueName } from "../queue_names.ts";
import { pausedText } from "../text/queue_table.ts";
import { columnsOf, type Style, styleOf } from "../text/style.ts";
import { type Cell, type Column, tableLines } from "../text/table.ts";
import { printable, wrapped } from "../text/width.ts";

const operands = [{ name: "QUEUE", optional: true }];
const allOption: Options = { all: { help: "all queues, also those to come" } };

/** The name by which the library pauses all queues. */
const ALL = "*";

/** Pauses a queue. */
export const queuePause: Command = {
  name: "queue pause",
  summary: "Pauses a queue: none of its jobs starts.",
  operands,
  options: {
    ...allOption,
    for: { value: "TIME", help: "for 30s, 15m, 2h; default: until it is resumed" },
    until: { value: "TIME", help: "until this ISO time" },
    reason: { value: "TEXT", help: "why" },
    by: { value: "NAME", help: "who pauses; default: the user's name" },
    yes: { help: "even if the queue has no jobs, and its name is near that of another" },
  },
  notes: "Running jobs go on, and delays go on counting. Of two pauses the one that ends\n" +
    "later holds. A worker hands back what it has claimed and not started. --json prints\n" +
    "{ queueName, since, until, reason, by }; queueName is * for all queues.",
  examples: [`queue pause email_queue --for 15m --reason "The provider is down"`],
  run: async (args, io) => {
    const name = readName("queue pause", args);
    const times = readTimes(args);
    const by = args.text("by") ?? userName(io.env);
    const reason = args.text("reason");
    const paused = await withQueue(args, io, async (queue) => {
      await checkName(queue, name, args);
      return await pause(queue.store, name, { ...times, by, reason });
    });
    if (args.has("json")) return await printJson(io.stdout, paused);
    await io.stdout.write(`${pauseText(paused, Date.now())}\n`);
  },
};

/** Ends the pause of a queue. */
export const queueResume: Command = {
  name: "queue resume",
  summary: "Ends the pause of a queue.",
  operands,
  options: allOption,
  notes: "The pause of a queue and that of all queues do not end each other: if the queue\n" +
    "is paused with all queues, the exit code is 1. --json prints { queueName, paused },\n" +
    "where paused is the pause that still holds.",
  examples: ["queue resume email_queue", "queue resume --all"],
  run: async (args, io) => {
    const name = readName("queue resume", args);
    const paused = await withQueue(args, io, (queue) => resume(queue.store, name));
    if (args.has("json")) await printJson(io.stdout, { queueName: name, paused });
    else if (paused === undefined) await io.stdout.write(`${whatText(name)} resumed\n`);
    else {
      await io.stdout.write(
        `${pauseText(paused, Date.now())}; hammerwork queue resume --all ends that\n`,
      );
    }
    return paused === undefined ? 0 : 1;
  },
};

/** Lists the queues, and what is paused. */
export const queueList: Command = {
  name: "queue list",
  summary: "Lists the queues, and which are paused.",
  notes: "The column paused says for how much longer. --json prints { queues, pauses }.",
  examples: ["queue list"],
  run: async (args, io) => {
    const { queues, paused } = await withQueue(args, io, async (queue) => {
      const [{ queues }, paused] = await Promise.all([queue.stats(), pauses(queue.store)]);
      return { queues, paused };
    });
    if (args.has("json")) return await printJson(io.stdout, { queues, pauses: paused });
    const style = styleOf(io);
    const now = Date.now();
    const ofAll = paused.find(({ queueName }) => queueName === ALL);
    if (queues.length === 0 && ofAll === undefined) {
      return await io.stderr.write("No queue found\n");
    }
    const head = ofAll === undefined
      ? []
      : [...wrapped(printable(pauseText(ofAll, now)), columnsOf(style), 4), ""];
    await printLines(io.stdout, [
      ...head,
      ...queues.length === 0 ? [] : listTable(queues, now, style),
    ]);
  },
};

function readName(commandName: string, args: Arguments): string {
  const [name] = args.operands;
  if ((name === undefined) === !args.has("all")) {
    throw new UsageError(`hammerwork ${commandName} needs either QUEUE or --all`);
  }
  return name === undefined ? ALL : asUsage("QUEUE", () => checkQueueName(name));
}

function readTimes(args: Arguments) {
  const forMs = args.duration("for");
  const until = args.time("until");
  if (forMs !== undefined && until !== undefined) {
    throw new UsageError("A pause has --for or --until: got both");
  }
  if (until !== undefined && until.getTime() <= Date.now()) {
    throw new UsageError(`--until must be a time to come: got ${until.toISOString()}`);
  }
  return { forMs, until };
}

/** A mistyped name must not leave the queue running that was meant. */
async function checkName(queue: JobQueue, name: string, args: Arguments): Promise<void> {
  const nearest = name === ALL || args.has("yes") ? undefined : await nearestQueueName(queue, name);
  if (nearest === undefined) return;
  throw new FailedError(
    `${name} has no jobs and was not paused; did you mean ${nearest}? --yes pauses it all the same`,
  );
}

function whatText(queueName: string): string {
  return queueName === ALL ? "All queues are" : `${queueName} is`;
}

function pauseText({ queueName, until, reason, by }: NamedPause, now: number): string {
  const end = until === undefined
    ? "until resumed"
    : `until ${until.toISOString()} (${distanceText(until.getTime(), now)})`;
  const who = by === undefined ? "" : `, by ${by}`;
  const why = reason === undefined ? "" : `: ${reason}`;
  return printable(`${whatText(queueName)} paused ${end}${who}${why}`);
}

const columns: readonly Column[] = [
  { title: "queue", least: 12 },
  { title: "waiting", isNumber: true },
  { title: "ready", isNumber: true },
  { title: "running", isNumber: true },
  { title: "oldest", isNumber: true },
  { title: "paused" },
  { title: "by", least: 6 },
  { title: "reason", least: 10 },
];

const forms = [[], ["reason"], ["reason", "by"], ["reason", "by", "waiting"]];

function listTable(queues: readonly QueueStats[], now: number, style: Style): readonly string[] {
  const rows = queues.map(({ queueName, waiting, jobs, oldestReadyMs, pause }): readonly Cell[] => [
    queueName,
    waiting.toLocaleString("en"),
    jobs.ready.toLocaleString("en"),
    jobs.running.toLocaleString("en"),
    oldestReadyMs === undefined ? "" : durationText(oldestReadyMs),
    pause === undefined ? "" : [pausedText(pause, now), "yellow"],
    pause?.by ?? "",
    pause?.reason ?? "",
  ]);
  return tableLines(columns, rows, style, forms);
}
