/** Debian's Chromium, which `npm ci` does not bring along. */

import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import process from "node:process";

/** Its path, if it is there. */
export function findChromium(): string | undefined {
  const folders = (process.env.PATH ?? "").split(delimiter);
  return [...folders.map((folder) => join(folder, "chromium")), "/usr/bin/chromium"].find(
    existsSync,
  );
}
