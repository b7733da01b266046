/**
 * The default for errors without an `onError`: they are printed, with control characters escaped.
 *
 * @module
 */
import { toJobError } from "./job/thrown.ts";
import { escapeControlCharactersInLines } from "./control_characters.ts";

/** Prints a thrown value with `console.error`: its stack, and its causes. */
export function reportToConsole(thrown: unknown): void {
  const { name, message, stack = "" } = toJobError(thrown);
  // Not every engine repeats the message in the stack.
  const text = stack.includes(message) ? stack : `${name}: ${message}\n${stack}`.trimEnd();
  console.error(escapeControlCharactersInLines(text));
}
