/** Files that a handler writes: their names come from a payload, and their text is complete. */
import { mkdir, rename, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { NonRetryableError } from "../../../mod.ts";

/** The path of a file in a folder. A payload is not trusted, so a name that leaves the folder is refused. */
export function fileIn(folder: string, name: string, extension: string): string {
  if (/^[A-Za-z0-9][\w.-]{0,99}$/.test(name)) return join(folder, name + extension);
  throw new NonRetryableError(
    `A file's name must be 1 to 100 letters, digits or _ . -: got ${JSON.stringify(name)}`,
  );
}

/** Writes a draft and renames it, so that no reader and no crash leaves half a file. */
export async function writeWhole(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  // Two attempts of a job can write at once, if the first one has lost its lease.
  const draft = `${path}.${crypto.randomUUID()}.draft`;
  await writeFile(draft, text);
  await rename(draft, path);
}
