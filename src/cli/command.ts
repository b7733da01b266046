/**
 * What a command is: its options, its help and what it does.
 *
 * @module
 */
import type { Given } from "./given.ts";
import type { Io } from "./io.ts";

/** An option. */
export interface Option {
  /** What its value is called in the help, such as `ID`; without one it is a switch. */
  readonly value?: string;
  /** Whether it may be given more than once. */
  readonly multiple?: boolean;
  /** What it does: a phrase. */
  readonly help: string;
}

/** Options by name. */
export type Options = Readonly<Record<string, Option>>;

/** A command of two words, or one. */
export interface Command {
  /** As it is typed: `job list`. */
  readonly name: string;
  /** What it does: a sentence. */
  readonly summary: string;
  /** Its arguments as the help shows them, each a word. */
  readonly operands?: readonly Operand[];
  /** Its own options, beside those that every command has. */
  readonly options?: Options;
  /** More to know: paragraphs. */
  readonly notes?: string;
  /** Command lines without `hammerwork`. */
  readonly examples: readonly string[];
  /** Does it; throws a sentence where it cannot. Gives the exit code, 0 unless said otherwise. */
  readonly run: (given: Given, io: Io) => Promise<number | void>;
}

/** An argument that is no option. */
export interface Operand {
  /** `ID`. */
  readonly name: string;
  /** Whether it may be left out. */
  readonly optional?: boolean;
  /** Whether there may be more of it. */
  readonly multiple?: boolean;
}

/** The options that every command has. */
export const commonOptions: Options = {
  url: { value: "URL", help: "Postgres URL or SQLite file; else HAMMERWORK_URL" },
  schema: { value: "NAME", help: "the schema in Postgres; else hammerwork" },
  json: { help: "print JSON" },
  help: { help: "show this" },
};
