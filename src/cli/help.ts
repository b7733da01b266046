/**
 * Help texts, made of what the commands say of themselves.
 *
 * @module
 */
import { type Command, commonOptions, type Operand, type Options } from "./command.ts";

const version = { help: "print the version and nothing else" };

/** The help of all commands, or of those that begin with a word. */
export function overview(commands: readonly Command[], word?: string): string {
  const shown = commands.filter(({ name }) => word === undefined || name.split(" ")[0] === word);
  const width = Math.max(...shown.map((command) => usageOf(command).length));
  const lines = shown.map((command) =>
    `  ${usageOf(command).padEnd(width)}  ${command.summary.replace(/\.$/, "")}`
  );
  const examples = shown.flatMap(({ examples }) => examples.slice(0, 1));
  return [
    word === undefined ? "Looks into a hammerwork queue and steers it." : `hammerwork ${word} …`,
    "",
    ...lines,
    "",
    "For every command:",
    ...optionLines(word === undefined ? { ...commonOptions, version } : commonOptions),
    "",
    "Exit codes: 0 done, 1 failed, 2 the command line cannot be followed.",
    "",
    ...exampleLines(examples),
    "",
  ].join("\n");
}

/** The help of one command. */
export function helpOf(command: Command): string {
  const { summary, options = {}, notes } = command;
  return [
    summary,
    "",
    `  hammerwork ${usageOf(command)} [options]`,
    "",
    ...optionLines({ ...options, ...commonOptions }),
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
