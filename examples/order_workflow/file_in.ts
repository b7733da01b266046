/** Paths of files that are named by what a job says. */
import { join } from "node:path";
import { NonRetryableError } from "../../mod.ts";

/** A file in a folder. Anybody can enqueue a job, so a name that leads out of it is refused. */
export function fileIn(folder: string, name: string, extension: string): string {
  if (/^[A-Za-z0-9][\w.-]{0,99}$/.test(name)) return join(folder, name + extension);
  throw new NonRetryableError(
    `A file's name must be 1 to 100 letters, digits or _ . -: got ${JSON.stringify(name)}`,
  );
}
