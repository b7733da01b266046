/**
 * Printing what a command found.
 *
 * @module
 */
import type { Output } from "./io.ts";

/** Prints lines. */
export async function printLines(output: Output, lines: readonly string[]): Promise<void> {
  if (lines.length > 0) await output.write(`${lines.join("\n")}\n`);
}

/** Prints one JSON document on one line; times are ISO strings, what is undefined is left out. */
export async function printJson(output: Output, value: unknown): Promise<void> {
  await output.write(`${JSON.stringify(value)}\n`);
}
