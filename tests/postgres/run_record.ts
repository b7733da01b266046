/** What worker processes did, as each noted it in a file of its own: no store could make it up. */

import { existsSync, openSync, readFileSync, writeSync } from "node:fs";

/**
 * A handler's start or end; a completion that the store confirmed; or trouble that the worker told,
 * with its text in the place of the id.
 */
export interface Note {
  readonly what: "start" | "end" | "complete" | "trouble";
  readonly id: string;
  readonly attempt: number;
  readonly at: number;
  /** The file of the process that noted it. */
  readonly record: string;
}

/** Opens a record. What was noted stays, also when the process is killed. */
export function openRecord(
  record: string,
): (what: Note["what"], id: string, attempt: number) => void {
  const file = openSync(record, "a");
  return (what, id, attempt) => {
    writeSync(file, `${what} ${id} ${attempt} ${Date.now()}\n`);
  };
}

/** What a process noted. Its last line may be half written, when it was killed. */
export function notesIn(record: string): readonly Note[] {
  if (!existsSync(record)) return [];
  const lines = readFileSync(record, "utf8").split("\n").slice(0, -1);
  return lines.map((line) => {
    const [what, id, attempt, at] = line.split(" ") as [Note["what"], string, string, string];
    return { what, id, attempt: Number(attempt), at: Number(at), record };
  });
}

/** A job's attempt, as a text. */
export function runOf({ id, attempt }: Pick<Note, "id" | "attempt">): string {
  return `${id} ${attempt}`;
}
