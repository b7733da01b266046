/**
 * How text is styled for an output: its width, whether long text is cut, its colors.
 *
 * @module
 */
import type { JobStatus } from "../../job/status.ts";
import type { Io } from "../io.ts";

/** A color or a weight. */
export type Color = "bold" | "dim" | "red" | "green" | "yellow" | "blue" | "cyan";

/** How text is styled. */
export interface Style {
  /** The width of the output in columns. */
  readonly columns: number;
  /** Whether it is a terminal: there, long text and ids are cut so that no line wraps. */
  readonly isTerminal: boolean;
  /** Colors text, or returns it unchanged if the output has no colors. */
  readonly paint: (color: Color, text: string) => string;
}

/** The style of standard output: colors only in a terminal, and not if NO_COLOR is set. */
export function styleOf({ stdout, env }: Io): Style {
  const hasColors = stdout.isTerminal && !env.NO_COLOR && env.TERM !== "dumb";
  return {
    columns: stdout.columns,
    isTerminal: stdout.isTerminal,
    paint: hasColors ? painted : (_, text) => text,
  };
}

/** How wide a line may be: outside a terminal as wide as it is. */
export function columnsOf({ columns, isTerminal }: Style): number {
  return isTerminal ? columns : Infinity;
}

/** The same without colors and cuts, for text that does not go to standard output. */
export function plainStyle(style: Style): Style {
  return { ...style, isTerminal: false, paint: (_, text) => text };
}

/** The color of each status. */
export const statusColor: Readonly<Record<JobStatus, Color>> = {
  scheduled: "cyan",
  blocked: "cyan",
  ready: "cyan",
  running: "blue",
  retrying: "yellow",
  completed: "green",
  failed: "red",
  cancelled: "yellow",
};

const CODES: Readonly<Record<Color, number>> = {
  bold: 1,
  dim: 2,
  red: 31,
  green: 32,
  yellow: 33,
  blue: 34,
  cyan: 36,
};

function painted(color: Color, text: string): string {
  return text === "" ? "" : `\u001b[${CODES[color]}m${text}\u001b[0m`;
}
