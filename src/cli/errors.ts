/**
 * How a command fails: each message is one sentence.
 *
 * @module
 */
import { isInputError } from "../job/checks.ts";

/** The command line is wrong: exit code 2. */
export class UsageError extends Error {
  override name = "UsageError";
}

/** The command could not do its work: exit code 1. */
export class FailedError extends Error {
  override name = "FailedError";
}

/** Runs a check of a value from the command line; its input error becomes a usage error. */
export function asUsage<T>(what: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!isInputError(error)) throw error;
    throw new UsageError(`${what}: ${error.message}`);
  }
}

/** The text of an error without the password of any URL in it. */
export function withoutPasswords(text: string): string {
  return text.split(/(\s)/).map(withoutPassword).join("");
}

/** Of one word. A URL's password ends at the last `@`, whatever is in it. */
function withoutPassword(word: string): string {
  const end = word.lastIndexOf("@");
  const start = passwordStart(word, end);
  const shown = start < 0 ? word : `${word.slice(0, start)}***${word.slice(end)}`;
  return shown.replaceAll(/([?&]password=)[^&\s]*/gi, "$1***");
}

/** Behind the first colon that ends a URL's user; -1 where there is none. */
function passwordStart(word: string, end: number): number {
  for (let at = word.indexOf("://"); at >= 0; at = word.indexOf("://", at + 3)) {
    const colon = word.indexOf(":", at + 3);
    if (colon < 0 || colon > end) return -1;
    if (!word.slice(at + 3, colon).includes("/")) return colon + 1;
  }
  return -1;
}
