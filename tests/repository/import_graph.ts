/** Which file imports what, read from the source text. */

import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import process from "node:process";

const root = process.cwd();

/** Every TypeScript file of the library. */
export function libraryFiles(): string[] {
  const inSource = readdirSync(join(root, "src"), { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".ts"))
    .map((path) => join("src", path));
  return ["mod.ts", ...inSource];
}

/** What a file imports, types and dynamic imports included; relative paths resolved. */
export function importsOf(path: string): string[] {
  const source = readFileSync(join(root, path), "utf8").replaceAll(/\/\*[\s\S]*?\*\//g, "");
  const specifiers = source.matchAll(/(?:\bfrom\s+|\bimport\s*\(\s*)"([^"]+)"/g);
  return [...specifiers].map(([, specifier]) =>
    specifier!.startsWith(".")
      ? relative(root, resolve(root, dirname(path), specifier!))
      : specifier!
  );
}

/** For each file the files that import it. */
export function importersOf(files: readonly string[]): ReadonlyMap<string, readonly string[]> {
  const importers = new Map<string, string[]>();
  for (const file of files) {
    for (const imported of new Set(importsOf(file))) {
      importers.set(imported, [...(importers.get(imported) ?? []), file]);
    }
  }
  return importers;
}

/** Everything that is reached from a file. */
export function reachedFrom(path: string, reached: Set<string> = new Set()): Set<string> {
  for (const imported of importsOf(path)) {
    if (reached.has(imported)) continue;
    reached.add(imported);
    if (imported.endsWith(".ts")) reachedFrom(imported, reached);
  }
  return reached;
}

/** The folders of the library, and which of them each imports from. */
export function folderImports(): ReadonlyMap<string, ReadonlySet<string>> {
  const imports = new Map<string, Set<string>>();
  for (const file of libraryFiles()) {
    const folder = folderOf(file);
    const all = imports.get(folder) ?? new Set();
    imports.set(folder, all);
    for (const imported of importsOf(file)) {
      if (imported.endsWith(".ts") && folderOf(imported) !== folder) all.add(folderOf(imported));
    }
  }
  return imports;
}

/** `src/worker/loop.ts` is in `src/worker`; a file above the folders is one by itself. */
function folderOf(path: string): string {
  const parts = path.split("/");
  return parts.length > 2 ? parts.slice(0, 2).join("/") : path;
}

/** A path along imports that comes back to where it began, if there is one. */
export function findCircle(
  files: readonly string[],
  importedBy: (path: string) => Iterable<string> = importsOf,
): readonly string[] | undefined {
  const done = new Set<string>();
  const walk = (path: string, above: readonly string[]): readonly string[] | undefined => {
    if (above.includes(path)) return [...above.slice(above.indexOf(path)), path];
    if (done.has(path)) return undefined;
    for (const imported of importedBy(path)) {
      if (importedBy === importsOf && !imported.endsWith(".ts")) continue;
      const circle = walk(imported, [...above, path]);
      if (circle !== undefined) return circle;
    }
    done.add(path);
    return undefined;
  };
  for (const file of files) {
    const circle = walk(file, []);
    if (circle !== undefined) return circle;
  }
  return undefined;
}
