/**
 * The parts of a job that can be large, so that whoever lists jobs can leave them unread.
 *
 * @module
 */
import type { JobError } from "./record.ts";

/**
 * A part of a job that can be left unread: its `payload`, its `result`, and with `stack` the stacks of
 * its errors and the ends of their long messages.
 */
export type JobPart = "payload" | "result" | "stack";

/** All of them. */
export const jobParts: readonly JobPart[] = ["payload", "result", "stack"];

/** How much is kept of an error's name and message where stacks are left out, in code points. */
export const longestSummary = 1_000;

/** An error without its stack, with as much of its message as a list shows. */
export function summaryOf({ stack: _stack, ...error }: JobError): JobError {
  return { ...error, name: shortened(error.name), message: shortened(error.message) };
}

/** In code points, as databases count. */
function shortened(text: string): string {
  if (text.length <= longestSummary) return text;
  const start = Array.from(text.slice(0, 2 * longestSummary + 2));
  return start.length <= longestSummary ? text : `${start.slice(0, longestSummary).join("")}…`;
}
