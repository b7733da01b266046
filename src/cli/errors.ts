/**
 * What a command may end with other than well. Each message is one sentence.
 *
 * @module
 */
import { isInputError } from "../job/input_error.ts";

/** The command line cannot be followed: exit code 2. */
export class UsageError extends Error {
  override name = "UsageError";
}

/** What was asked for could not be done: exit code 1. */
export class FailedError extends Error {
  override name = "FailedError";
}

/** Takes a refusal of a value that came from the command line for wrong usage. */
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
  return text
    .replaceAll(/([a-z][\w+.-]*:\/\/[^\s:/@]*):\S*@/gi, "$1:***@")
    .replaceAll(/([?&]password=)[^&\s]*/gi, "$1***");
}
