/**
 * Printing what a command found.
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

/** Prints one JSON document on one line; times are ISO strings, what is undefined is left out. */
export async function printJson(output: Output, value: unknown): Promise<void> {
  await output.write(jsonLine(value));
}

/** A JSON document as a line. What steers a terminal is escaped, also in a pipe: it may end at one. */
export function jsonLine(value: unknown): string {
  return `${escapeControlCharacters(JSON.stringify(value))}\n`;
}

/** Prints the sentence of an error, of which only tables have more lines than one. */
export async function printError(output: Output, error: unknown): Promise<void> {
  const text = withoutPasswords(error instanceof Error ? error.message : String(error));
  await output.write(`${escapeControlCharactersInLines(text)}\n`);
}
