/**
 * Runs the command line: finds the command, reads its arguments, returns the exit code.
 *
 * @module
 */
import { nearestName } from "../job/checks.ts";
import type { Command } from "./command.ts";
import { completion } from "./commands/completion.ts";
import { demo } from "./commands/demo.ts";
import { jobCancel, jobDelete, jobReschedule, jobRetry } from "./commands/job_change.ts";
import { jobEnqueue } from "./commands/job_enqueue.ts";
import { jobList } from "./commands/job_list.ts";
import { jobShow } from "./commands/job_show.ts";
import { migrate } from "./commands/migrate.ts";
import { queueList, queuePause, queueResume } from "./commands/queue_pause.ts";
import { queueStats } from "./commands/queue_stats.ts";
import { serve } from "./commands/serve.ts";
import { traceShow } from "./commands/trace_show.ts";
import { UsageError } from "./errors.ts";
import { helpColumns, helpOf, helpOverview } from "./help.ts";
import type { Io } from "./io.ts";
import { printError } from "./print.ts";
import { readArguments } from "./arguments.ts";
import { version } from "../version.ts";

/** All commands, in the order of the help. */
export const commands: readonly Command[] = [
  jobList,
  jobShow,
  jobEnqueue,
  jobRetry,
  jobCancel,
  jobReschedule,
  jobDelete,
  traceShow,
  queueStats,
  queueList,
  queuePause,
  queueResume,
  migrate,
  serve,
  demo,
  completion(() => commands),
];

/** Runs the command that the arguments name. Returns 0 for success, 1 for failure, 2 for wrong usage. */
export async function run(args: readonly string[], io: Io): Promise<number> {
  try {
    return await dispatch(args, io);
  } catch (error) {
    await printError(io.stderr, error).catch(() => {});
    return error instanceof UsageError ? 2 : 1;
  }
}

async function dispatch(args: readonly string[], io: Io): Promise<number> {
  const [first, second] = args;
  const columns = helpColumns(io.stdout);
  if (first === undefined || isHelp(first)) return await show(helpOverview(commands, columns), io);
  if (first === "--version") return await show(`${version}\n`, io);
  const family = commands.filter(({ name }) => name.split(" ")[0] === first);
  if (family.length === 0) throw unknown(first, second, commands);
  const command = family.find(({ name }) => name === first || name === `${first} ${second}`);
  if (command !== undefined) return await runCommand(command, args, io);
  if (second === undefined || isHelp(second)) {
    return await show(helpOverview(commands, columns, first), io);
  }
  throw unknown(`${first} ${second}`, undefined, family);
}

async function runCommand(command: Command, words: readonly string[], io: Io): Promise<number> {
  const args = readArguments(command, words.slice(command.name.split(" ").length));
  if (args.has("help")) return await show(helpOf(command, helpColumns(io.stdout)), io);
  return await command.run(args, io) ?? 0;
}

function isHelp(word: string): boolean {
  return word === "--help" || word === "-h" || word === "help";
}

async function show(text: string, io: Io): Promise<number> {
  await io.stdout.write(text);
  return 0;
}

/** The error for words that are no command; the next word may belong to what was meant. */
function unknown(words: string, next: string | undefined, known: readonly Command[]): UsageError {
  const names = known.map(({ name }) => name);
  const nearest = nearestCommand(words, next, names);
  const advice = nearest === undefined ? "" : `; did you mean ${nearest}?`;
  return new UsageError(
    `There is no command ${JSON.stringify(words)}: there are ${names.join(", ")}${advice}`,
  );
}

/** A command, or its first word, that has a name like this, as a whole or in part. */
function nearestCommand(
  words: string,
  next: string | undefined,
  names: readonly string[],
): string | undefined {
  const both = next === undefined ? undefined : nearestName(`${words} ${next}`, names);
  const firstWords = words.includes(" ") ? [] : names.map((name) => name.split(" ")[0]!);
  const nearest = both ?? nearestName(words, names) ?? nearestName(words, firstWords);
  if (nearest !== undefined) return nearest;
  const lastWords = names.map((name) => name.split(" ").at(-1)!);
  const last = nearestName(words.split(" ").at(-1)!, lastWords);
  return last === undefined ? undefined : names[lastWords.indexOf(last)];
}
