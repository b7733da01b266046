/**
 * How text is to look where it goes: its width, whether it may be cut, its colours.
 *
 * @module
 */
import type { JobStatus } from "../../job/status.ts";
import type { Io } from "../io.ts";

/** A way to set text off. */
export type Ink = "bold" | "dim" | "red" | "green" | "yellow" | "blue" | "cyan";

/** How text is to look. */
export interface Look {
  /** How many columns there are. */
  readonly columns: number;
  /** Whether a person sees it in a terminal: then nothing wraps, so long text and ids are cut. */
  readonly isTerminal: boolean;
  /** Sets text off, or leaves it as it is where there are no colours. */
  readonly paint: (ink: Ink, text: string) => string;
}

/** The look of standard output: colours in a terminal only, never under NO_COLOR. */
export function lookOf({ stdout, env }: Io): Look {
  const hasColours = stdout.isTerminal && !env.NO_COLOR && env.TERM !== "dumb";
  return {
    columns: stdout.columns,
    isTerminal: stdout.isTerminal,
    paint: hasColours ? painted : (_, text) => text,
  };
}

/** Likewise, but without colours and with nothing cut: for what is not standard output. */
export function plainLook(look: Look): Look {
  return { ...look, isTerminal: false, paint: (_, text) => text };
}

/** The ink of each status. */
export const statusInk: Readonly<Record<JobStatus, Ink>> = {
  scheduled: "cyan",
  blocked: "cyan",
  ready: "cyan",
  running: "blue",
  retrying: "yellow",
  completed: "green",
  failed: "red",
  cancelled: "yellow",
};

const CODES: Readonly<Record<Ink, number>> = {
  bold: 1,
  dim: 2,
  red: 31,
  green: 32,
  yellow: 33,
  blue: 34,
  cyan: 36,
};

function painted(ink: Ink, text: string): string {
  return text === "" ? "" : `\u001b[${CODES[ink]}m${text}\u001b[0m`;
}
