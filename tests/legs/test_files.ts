import { existsSync, readdirSync } from "node:fs";

/** The test files of these folders as paths from the root, always in the same order. */
export function testFilesIn(folders: readonly string[], only: string): readonly string[] {
  return folders
    .map((folder) => `tests/${folder}`)
    .filter((folder) => existsSync(folder))
    .flatMap((folder) => readdirSync(folder).sort().map((file) => `${folder}/${file}`))
    .filter((path) => path.endsWith(".test.ts") && path.includes(only));
}
