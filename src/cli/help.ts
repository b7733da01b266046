/**
 * Help texts, generated from the commands.
 *
 * @module
 */
import { commonOptions, type Operand, type Options, optionsOf } from "./arguments.ts";
import type { Command } from "./command.ts";

const versionOption = { help: "print the version" };

/** The help of all commands, or of those whose name begins with a word. */
export function helpOverview(commands: readonly Command[], word?: string): string {
  const shown = commands.filter(({ name }) => word === undefined || name.split(" ")[0] === word);
  const width = Math.max(...shown.map((command) => usageOf(command).length));
  const lines = shown.map((command) =>
    `  ${usageOf(command).padEnd(width)}  ${command.summary.replace(/\.$/, "")}`
  );
  const examples = shown.flatMap(({ examples }) => examples.slice(0, 1));
  return [
    word === undefined
      ? "Shows and controls the jobs of a hammerwork queue."
      : `hammerwork ${word} …`,
    "",
    ...lines,
    "",
    "Common options:",
    ...optionLines(
      word === undefined ? { ...commonOptions, version: versionOption } : commonOptions,
    ),
    "",
    "Exit codes: 0 success, 1 failure, 2 wrong usage.",
    "",
    ...exampleLines(examples),
    "",
  ].join("\n");
}

/** The help of one command. */
export function helpOf(command: Command): string {
  const { summary, notes } = command;
  return [
    summary,
    "",
    `  hammerwork ${usageOf(command)} [options]`,
    "",
    ...optionLines(optionsOf(command)),
    "",
    ...(notes === undefined ? [] : [notes, ""]),
    ...exampleLines(command.examples),
    "",
  ].join("\n");
}

function usageOf({ name, operands = [] }: Command): string {
  return [name, ...operands.map(operandText)].join(" ");
}

function operandText({ name, optional, multiple }: Operand): string {
  const text = multiple ? `${name}…` : name;
  return optional ? `[${text}]` : text;
}

function optionLines(options: Options): readonly string[] {
  const rows = Object.entries(options).map(([name, { value, help }]) =>
    [value === undefined ? `--${name}` : `--${name} ${value}`, help] as const
  );
  const width = Math.max(...rows.map(([option]) => option.length));
  return rows.map(([option, help]) => `  ${option.padEnd(width)}  ${help}`);
}

function exampleLines(examples: readonly string[]): readonly string[] {
  return ["Examples:", ...examples.map((example) => `  hammerwork ${example}`)];
}
