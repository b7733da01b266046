/** Files that are there whole or not at all. */
import { mkdir, rename, writeFile } from "node:fs/promises";
import { dirname } from "node:path";

/** Writes beside the file, then renames: who reads it, or a crash, never meets half of it. */
export async function writeWhole(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  // Two attempts of a job may write at once, when the first has lost its lease.
  const draft = `${path}.${crypto.randomUUID()}.draft`;
  await writeFile(draft, text);
  await rename(draft, path);
}
