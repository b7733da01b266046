/**
 * What becomes of an error that nobody takes: it is printed, and its text steers no terminal.
 *
 * @module
 */
import { toJobError } from "./job/thrown.ts";
import { linesWithoutSteering } from "./steering.ts";

/** Prints anything that was thrown with `console.error`: its stack, and what stands behind it. */
export function reportToConsole(thrown: unknown): void {
  const { name, message, stack = "" } = toJobError(thrown);
  // Not every engine repeats in the stack what was said.
  const text = stack.includes(message) ? stack : `${name}: ${message}\n${stack}`.trimEnd();
  console.error(linesWithoutSteering(text));
}
