/**
 * A command's arguments: parsed, checked against what the command takes, and read by type.
 *
 * @module
 */
import { parseArgs } from "node:util";
import { readDuration } from "../duration.ts";
import { nearestName } from "../job/checks.ts";
import { UsageError } from "./errors.ts";

/** An option. */
export interface Option {
  /** The name of its value in the help, such as `ID`; an option without one is a switch. */
  readonly value?: string;
  /** Whether it can be given more than once. */
  readonly multiple?: boolean;
  /** What its value can be, where these are few. */
  readonly choices?: readonly string[];
  /** Whether its value can be the path of a file. */
  readonly isPath?: boolean;
  /** One phrase. */
  readonly help: string;
}

/** Options by name. */
export type Options = Readonly<Record<string, Option>>;

/** An argument that is not an option. */
export interface Operand {
  /** `ID`. */
  readonly name: string;
  /** Whether it can be omitted. */
  readonly optional?: boolean;
  /** Whether it can be repeated. */
  readonly multiple?: boolean;
  /** What it can be, where these are few. */
  readonly choices?: readonly string[];
}

/** What a command takes. */
export interface Syntax {
  /** As it is typed: `job list`. */
  readonly name: string;
  /** Its arguments that are not options, in order. */
  readonly operands?: readonly Operand[];
  /** Its own options. */
  readonly options?: Options;
  /** Whether it opens a store, and has the options for it; true by default. */
  readonly opensStore?: boolean;
}

const help: Option = { help: "show this help" };

/** The options of every command that opens a store. */
export const commonOptions: Options = {
  url: { value: "URL", isPath: true, help: "Postgres URL or SQLite file (or HAMMERWORK_URL)" },
  schema: { value: "NAME", help: "Postgres schema; default: hammerwork" },
  json: { help: "print JSON" },
  help,
};

/** All options of a command. */
export function optionsOf({ options, opensStore = true }: Syntax): Options {
  return { ...options, ...(opensStore ? commonOptions : { help }) };
}

/** Arguments after parsing; every option is one that the command has. */
export class Arguments {
  /** The arguments that are not options, in order. */
  readonly operands: readonly string[];
  readonly #values: ReadonlyMap<string, readonly string[]>;

  constructor(operands: readonly string[], values: ReadonlyMap<string, readonly string[]>) {
    this.operands = operands;
    this.#values = values;
  }

  /** Whether an option was given. */
  has(name: string): boolean {
    return this.#values.has(name);
  }

  /** The value of an option. */
  text(name: string): string | undefined {
    return this.#values.get(name)?.at(-1);
  }

  /** The values of an option that can be given several times, also separated by commas. */
  list(name: string): readonly string[] | undefined {
    return this.#values.get(name)?.flatMap((value) => value.split(","));
  }

  /** A whole number. */
  integer(name: string, least: number, most: number): number | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const value = /^-?\d{1,15}$/.test(text) ? Number(text) : NaN;
    if (value >= least && value <= most) return value;
    throw new UsageError(
      `--${name} must be a whole number from ${least} to ${most}: got ${JSON.stringify(text)}`,
    );
  }

  /** A duration, in ms. */
  duration(name: string): number | undefined {
    const text = this.text(name);
    return text === undefined ? undefined : durationOption(name, text);
  }

  /** An ISO time. */
  time(name: string): Date | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    if (isTime(text)) return new Date(text);
    throw new UsageError(
      `--${name} must be an ISO time such as 2030-12-24T18:00Z: got ${JSON.stringify(text)}`,
    );
  }

  /** A moment: an ISO time, or how long ago. */
  moment(name: string): Date | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    if (isTime(text)) return new Date(text);
    if (!BEGINS_WITH_DATE.test(text)) return new Date(Date.now() - durationOption(name, text));
    throw new UsageError(`--${name} must be an ISO time or a duration such as 15m: got "${text}"`);
  }
}

const BEGINS_WITH_DATE = /^\d{4}-\d{2}-\d{2}/;

function isTime(text: string): boolean {
  return BEGINS_WITH_DATE.test(text) && !Number.isNaN(Date.parse(text));
}

/**
 * Reads the arguments after a command's name.
 *
 * @throws {UsageError} for an unknown option, a missing value, a missing or surplus argument.
 */
export function readArguments(command: Syntax, args: readonly string[]): Arguments {
  const options = optionsOf(command);
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
  return new Arguments(operands, values);
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

function checkOption(command: Syntax, options: Options, token: OptionToken): void {
  const { name, rawName, value } = token;
  if (!Object.hasOwn(options, name)) {
    const nearest = nearestName(name, Object.keys(options));
    const advice = nearest === undefined ? "" : `, did you mean --${nearest}?`;
    throw new UsageError(
      `There is no option ${rawName}${advice}; hammerwork ${command.name} --help lists the options`,
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

function checkOperands({ name, operands = [] }: Syntax, args: readonly string[]): void {
  const most = operands.some(({ multiple }) => multiple) ? Infinity : operands.length;
  const missing = operands.filter(({ optional }) => !optional)[args.length];
  if (missing !== undefined) {
    throw new UsageError(`hammerwork ${name} needs ${missing.name}; see its --help`);
  }
  if (args.length > most) {
    const expected = most === 0 ? "no argument" : operands.map(({ name }) => name).join(" ");
    throw new UsageError(
      `hammerwork ${name} takes ${expected}: got ${JSON.stringify(args[most])} too`,
    );
  }
}

function durationOption(name: string, text: string): number {
  const ms = readDuration(text);
  if (ms !== undefined) return ms;
  throw new UsageError(
    `--${name} must be a duration such as 500ms, 30s, 15m, 2h or 7d: got ${JSON.stringify(text)}`,
  );
}
