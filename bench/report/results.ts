/**
 * The file of results: a part for each section of the benchmarks, replaced when that was run.
 *
 * @module
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { marked } from "./blocks.ts";

/** A table with its name, by which it is found again. */
export interface Block {
  readonly name: string;
  /** What was measured: a sentence or two. */
  readonly about: string;
  readonly table: string;
}

/** What a run of a section came to. */
export interface Measured {
  readonly section: string;
  /** The machine, the versions and the number of rounds. */
  readonly circumstances: string;
  readonly blocks: readonly Block[];
}

/** A section as it is shown in the terminal and in the file. */
export function partOf({ section, circumstances, blocks }: Measured): string {
  const shown = blocks.map(({ name, about, table }) => `${about}\n\n${marked(name, table)}\n`);
  return [`## ${section}\n`, `${circumstances}\n`, ...shown].join("\n");
}

/** Writes a section into the file, in the place that its name has among all. */
export function writeResults(
  path: string,
  introduction: string,
  sections: readonly string[],
  measured: Measured,
): void {
  const before = existsSync(path) ? partsIn(readFileSync(path, "utf8")) : new Map<string, string>();
  const parts = before.set(measured.section, partOf(measured));
  const inOrder = sections.flatMap((section) => parts.get(section) ?? []);
  writeFileSync(path, [introduction, ...inOrder].join("\n"));
}

function partsIn(markdown: string): Map<string, string> {
  const [, ...parts] = markdown.split(/^(?=## )/m);
  return new Map(
    parts.map((part) => [/^## (.*)$/m.exec(part)![1]!, `${part.trimEnd()}\n`] as const),
  );
}
