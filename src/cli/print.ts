/**
 * Prints lines, JSON and errors.
 *
 * @module
 */
import { escapeControlCharacters, escapeControlCharactersInLines } from "../control_characters.ts";
import { withoutPasswords } from "./errors.ts";
import type { Output } from "./io.ts";

/** Prints lines. */
export async function printLines(output: Output, lines: readonly string[]): Promise<void> {
  if (lines.length > 0) await output.write(`${lines.join("\n")}\n`);
}

/** Prints one JSON document on one line. Times are ISO strings; undefined fields are omitted. */
export async function printJson(output: Output, value: unknown): Promise<void> {
  await output.write(jsonLine(value));
}

/** A JSON document as a line. Control characters are escaped, also in a pipe, which may end at a terminal. */
export function jsonLine(value: unknown): string {
  return `${escapeControlCharacters(JSON.stringify(value))}\n`;
}

/** Prints the message of an error: one sentence, sometimes with a table below it. */
export async function printError(output: Output, error: unknown): Promise<void> {
  const text = withoutPasswords(error instanceof Error ? error.message : String(error));
  await output.write(`${escapeControlCharactersInLines(text)}\n`);
}
