/**
 * Help texts, generated from the commands.
 *
 * @module
 */
import { commonOptions, type Operand, type Options, optionsOf } from "./arguments.ts";
import type { Command } from "./command.ts";
import type { Output } from "./io.ts";
import { wrapped } from "./text/width.ts";

const versionOption = { help: "print the version" };

/** The width of a help text: that of a narrow terminal, else 80. */
export function helpColumns({ columns, isTerminal }: Output): number {
  return isTerminal ? Math.min(80, columns) : 80;
}

/** The help of all commands, or of those whose name begins with a word. */
export function helpOverview(
  commands: readonly Command[],
  columns: number,
  word?: string,
): string {
  const shown = commands.filter(({ name }) => word === undefined || name.split(" ")[0] === word);
  const rows = shown.map((command) =>
    [usageOf(command), command.summary.replace(/\.$/, "")] as const
  );
  const examples = shown.flatMap(({ examples }) => examples.slice(0, 1));
  const options = word === undefined ? { ...commonOptions, version: versionOption } : commonOptions;
  return [
    word === undefined
      ? "Shows and controls the jobs of a hammerwork queue."
      : `hammerwork ${word} …`,
    "",
    ...definitionLines(rows, columns),
    "",
    "Common options:",
    ...optionLines(options, columns),
    "",
    "Exit codes: 0 success, 1 failure, 2 wrong usage.",
    "",
    ...exampleLines(examples),
    "",
  ].join("\n");
}

/** The help of one command. */
export function helpOf(command: Command, columns: number): string {
  const { summary, notes } = command;
  return [
    ...paragraphLines(summary, columns),
    "",
    `  hammerwork ${usageOf(command)} [options]`,
    "",
    ...optionLines(optionsOf(command), columns),
    "",
    ...(notes === undefined ? [] : [...paragraphLines(notes, columns), ""]),
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

function optionLines(options: Options, columns: number): readonly string[] {
  const rows = Object.entries(options).map(([name, { value, help }]) =>
    [value === undefined ? `--${name}` : `--${name} ${value}`, help] as const
  );
  return definitionLines(rows, columns);
}

const MOST_LINES = 99;
const LEAST_SPACE = 24;

/** Names, each with its text beside it, or below it where that would be too narrow. */
function definitionLines(
  rows: readonly (readonly [name: string, text: string])[],
  columns: number,
): readonly string[] {
  const width = Math.max(...rows.map(([name]) => name.length));
  const space = columns - width - 4;
  if (space < LEAST_SPACE) {
    return rows.flatMap(([name, text]) => [
      `  ${name}`,
      ...wrapped(text, columns - 6, MOST_LINES).map((line) => `      ${line}`),
    ]);
  }
  return rows.flatMap(([name, text]) =>
    wrapped(text, space, MOST_LINES).map((line, i) =>
      `  ${(i === 0 ? name : "").padEnd(width)}  ${line}`
    )
  );
}

/** Paragraphs, broken into lines anew. */
function paragraphLines(text: string, columns: number): readonly string[] {
  return text.split("\n\n").flatMap((paragraph, i) => [
    ...(i === 0 ? [] : [""]),
    ...wrapped(paragraph.replaceAll("\n", " "), columns, MOST_LINES),
  ]);
}

/** Lines to copy, which are not broken. */
function exampleLines(examples: readonly string[]): readonly string[] {
  return ["Examples:", ...examples.map((example) => `  hammerwork ${example}`)];
}
