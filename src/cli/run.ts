/**
 * From a command line to an exit code.
 *
 * @module
 */
import type { Command } from "./command.ts";
import { commands } from "./commands.ts";
import { UsageError } from "./errors.ts";
import { helpOf, overview } from "./help.ts";
import type { Io } from "./io.ts";
import { printError } from "./print.ts";
import { readArguments } from "./read_arguments.ts";
import { version } from "../version.ts";

/** Does what the arguments say: 0 done, 1 failed, 2 the command line cannot be followed. */
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
  if (first === undefined || isHelp(first)) return await tell(overview(commands), io);
  if (first === "--version") return await tell(`${version}\n`, io);
  const family = commands.filter(({ name }) => name.split(" ")[0] === first);
  if (family.length === 0) throw unknown("", first, commands);
  const command = family.find(({ name }) => name === first || name === `${first} ${second}`);
  if (command !== undefined) return await follow(command, args, io);
  if (second === undefined || isHelp(second)) return await tell(overview(commands, first), io);
  throw unknown(`${first} `, second, family);
}

async function follow(command: Command, args: readonly string[], io: Io): Promise<number> {
  const given = readArguments(command, args.slice(command.name.split(" ").length));
  if (given.has("help")) return await tell(helpOf(command), io);
  return await command.run(given, io) ?? 0;
}

function isHelp(word: string): boolean {
  return word === "--help" || word === "-h" || word === "help";
}

async function tell(text: string, io: Io): Promise<number> {
  await io.stdout.write(text);
  return 0;
}

function unknown(before: string, word: string, known: readonly Command[]): UsageError {
  const names = known.map(({ name }) => name).join(", ");
  return new UsageError(
    `There is no command ${JSON.stringify(before + word)}: there are ${names}`,
  );
}
