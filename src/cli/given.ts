/**
 * The arguments that a command was given, read as what they are meant to be.
 *
 * @module
 */
import { UsageError } from "./errors.ts";
import { readDuration } from "../duration.ts";

/** Arguments after parsing. The names of options are those that the command has. */
export class Given {
  /** What is no option, in order. */
  readonly operands: readonly string[];
  readonly #values: ReadonlyMap<string, readonly string[]>;

  constructor(operands: readonly string[], values: ReadonlyMap<string, readonly string[]>) {
    this.operands = operands;
    this.#values = values;
  }

  /** Whether an option is there. */
  has(name: string): boolean {
    return this.#values.has(name);
  }

  /** The value of an option. */
  text(name: string): string | undefined {
    return this.#values.get(name)?.at(-1);
  }

  /** The values of an option that may be there several times; also by comma. */
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
    return text === undefined ? undefined : durationOf(name, text);
  }

  /** A moment: an ISO time, or how long ago. */
  moment(name: string): Date | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const isTime = /^\d{4}-\d{2}-\d{2}/.test(text);
    const time = isTime ? Date.parse(text) : Date.now() - durationOf(name, text);
    if (!Number.isNaN(time)) return new Date(time);
    throw new UsageError(`--${name} must be an ISO time or a duration such as 15m: got "${text}"`);
  }
}

function durationOf(name: string, text: string): number {
  const ms = readDuration(text);
  if (ms !== undefined) return ms;
  throw new UsageError(
    `--${name} must be a duration such as 500ms, 30s, 15m, 2h or 7d: got ${JSON.stringify(text)}`,
  );
}
