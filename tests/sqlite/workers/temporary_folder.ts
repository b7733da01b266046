import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

interface TemporaryFolder extends Disposable {
  readonly path: string;
}

/** A folder that is gone, with all that is in it, at the end of its block. */
export function temporaryFolder(parent: string = tmpdir()): TemporaryFolder {
  const path = mkdtempSync(join(parent, "hammerwork-"));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}

/** The same in memory, where the system has a folder for that: no commit waits for a disk. */
export function folderInMemory(): TemporaryFolder {
  return temporaryFolder(existsSync("/dev/shm") ? "/dev/shm" : tmpdir());
}
