/** The programs of the documentation as files, those of a page beside each other. */

import { mkdirSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { type Block, blocksOf, pages, sourceOf } from "./pages.ts";

const folder = "tests/documentation/.build/programs";

export const programs: readonly Block[] = pages.flatMap(blocksOf).filter(({ directives }) =>
  directives.has("program")
);

/** The path of a program, by its page and its name. */
export function programAt(page: string, name: string): string {
  return join(folder, basename(page, ".md"), name);
}

/** Writes them, with the source of the library in place of its entries. */
export function writePrograms(): void {
  for (const { page, code, directives } of programs) {
    const path = programAt(page, directives.get("program")!);
    mkdirSync(dirname(path), { recursive: true });
    const text = code.replaceAll(
      /^(import [^;]*? from) "([^"]+)";$/gm,
      (_, what, specifier) => `${what} "${sourceOf(specifier, dirname(path))}";`,
    );
    writeFileSync(path, text);
  }
}
