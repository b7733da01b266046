import { existsSync, readdirSync } from "node:fs";
import type { Leg } from "./leg.ts";

/** The test files of a leg as paths from the root, always in the same order. */
export function testFilesOf({ folders, moreFiles = [] }: Leg, only: string): readonly string[] {
  return [...testFilesIn(folders), ...moreFiles].filter((path) => path.includes(only));
}

/** The folders of a leg in which there is nothing to run: one that was moved would be left out unseen. */
export function emptyFoldersOf({ folders }: Leg): readonly string[] {
  return folders.filter((folder) => testFilesIn([folder]).length === 0);
}

function testFilesIn(folders: readonly string[]): readonly string[] {
  return folders
    .map((folder) => `tests/${folder}`)
    .filter((folder) => existsSync(folder))
    .flatMap((folder) => readdirSync(folder).sort().map((file) => `${folder}/${file}`))
    .filter((path) => path.endsWith(".test.ts"));
}
