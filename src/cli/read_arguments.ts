/**
 * A command's arguments, parsed and held to what it has.
 *
 * @module
 */
import { parseArgs } from "node:util";
import { nearestName } from "../job/option_names.ts";
import { type Command, commonOptions, type Options } from "./command.ts";
import { UsageError } from "./errors.ts";
import { Given } from "./given.ts";

/**
 * Reads the arguments after a command's name.
 *
 * @throws {UsageError} for an unknown option, a missing value, a missing or surplus argument.
 */
export function readArguments(command: Command, args: readonly string[]): Given {
  const options = { ...command.options, ...commonOptions };
  // Not strict: the runtimes word its errors differently, and in several sentences.
  const { tokens } = parseArgs({
    args: [...args],
    options: parserOptions(options),
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  const values = new Map<string, string[]>();
  const operands: string[] = [];
  for (const token of tokens) {
    if (token.kind === "positional") operands.push(token.value);
    if (token.kind !== "option") continue;
    checkOption(command, options, token);
    values.set(token.name, [...values.get(token.name) ?? [], token.value ?? ""]);
  }
  checkRepetition(options, values);
  if (!values.has("help")) checkOperands(command, operands);
  return new Given(operands, values);
}

function parserOptions(options: Options) {
  return Object.fromEntries(
    Object.entries(options).map(([name, { value }]) => [name, {
      type: value === undefined ? "boolean" as const : "string" as const,
      ...(name === "help" && { short: "h" }),
    }]),
  );
}

interface OptionToken {
  readonly name: string;
  readonly rawName: string;
  readonly value?: string | undefined;
}

function checkOption(command: Command, options: Options, token: OptionToken): void {
  const { name, rawName, value } = token;
  if (!Object.hasOwn(options, name)) {
    const nearest = nearestName(name, Object.keys(options));
    throw new UsageError(
      `There is no option ${rawName}${
        nearest === undefined ? "" : `, did you mean --${nearest}?`
      }; ` +
        `hammerwork ${command.name} --help shows those there are`,
    );
  }
  const option = options[name]!;
  if (option.value === undefined && value !== undefined) {
    throw new UsageError(`${rawName} takes no value: got ${JSON.stringify(value)}`);
  }
  if (option.value !== undefined && !value) {
    throw new UsageError(`${rawName} needs a value: ${rawName} ${option.value}`);
  }
}

function checkRepetition(options: Options, values: ReadonlyMap<string, readonly string[]>): void {
  for (const [name, { length }] of values) {
    const { value, multiple } = options[name]!;
    if (value === undefined || multiple || length === 1) continue;
    throw new UsageError(`--${name} can be given once: got it ${length} times`);
  }
}

function checkOperands({ name, operands = [] }: Command, given: readonly string[]): void {
  const most = operands.some(({ multiple }) => multiple) ? Infinity : operands.length;
  const missing = operands.filter(({ optional }) => !optional)[given.length];
  if (missing !== undefined) {
    throw new UsageError(`hammerwork ${name} needs ${missing.name}; see its --help`);
  }
  if (given.length > most) {
    throw new UsageError(
      `hammerwork ${name} takes ${
        most === 0 ? "no argument" : operands.map((o) => o.name).join(" ")
      }: ` +
        `got ${JSON.stringify(given[most])} too`,
    );
  }
}
