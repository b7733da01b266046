/**
 * Standard input as numbered lines.
 *
 * @module
 */

/** A line with its number, counted from 1. */
export interface NumberedLine {
  readonly number: number;
  readonly text: string;
}

/** The lines that are not blank. */
export async function* numberedLines(pieces: AsyncIterable<string>): AsyncIterable<NumberedLine> {
  let number = 0;
  let rest = "";
  for await (const piece of pieces) {
    const lines = (rest + piece).split("\n");
    rest = lines.pop()!;
    for (const text of lines) {
      number++;
      if (text.trim() !== "") yield { number, text };
    }
  }
  if (rest.trim() !== "") yield { number: number + 1, text: rest };
}
