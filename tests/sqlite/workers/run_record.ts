import { existsSync, readFileSync } from "node:fs";

/** A handler's start or end, as workers/work.ts noted it. */
export interface Note {
  readonly what: "start" | "end";
  readonly id: string;
  readonly at: number;
}

/** What a worker noted. Its last line may be half written, by a process that was killed. */
export function notesIn(record: string): readonly Note[] {
  if (!existsSync(record)) return [];
  const lines = readFileSync(record, "utf8").split("\n").slice(0, -1);
  return lines.map((line) => {
    const [what, id, at] = line.split(" ") as [Note["what"], string, string];
    return { what, id, at: Number(at) };
  });
}
