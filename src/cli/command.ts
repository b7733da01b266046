/**
 * A command: its name, options, help and code.
 *
 * @module
 */
import type { Arguments, Syntax } from "./arguments.ts";
import type { Io } from "./io.ts";

/** A command of one word or two. */
export interface Command extends Syntax {
  /** One sentence. */
  readonly summary: string;
  /** Details, as paragraphs. */
  readonly notes?: string;
  /** Command lines, without `hammerwork`. */
  readonly examples: readonly string[];
  /** Runs it and returns the exit code, 0 if none; an error thrown has one sentence as its message. */
  readonly run: (args: Arguments, io: Io) => Promise<number | void>;
}
