import { spawn } from "node:child_process";
import { once } from "node:events";
import { chownSync, mkdtempSync } from "node:fs";
import type { Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { nobody } from "./nobody.ts";

/** What runs in a folder: the file with its process id, and the signal that ends it at once. */
export interface Occupant {
  readonly pidFile: string;
  readonly signal: "QUIT" | "TERM";
}

/** A folder for a server. It is gone at the end of its block, and the server with it. */
export interface GuardedFolder extends AsyncDisposable {
  readonly path: string;
}

// Its input ends with the process that holds it open: at the end of the block, or of a process that was killed.
const guard = `
  cat > /dev/null
  if pid=$(head -n 1 "$1/$2" 2> /dev/null); then
    kill -s "$3" "$pid"
    while [ -e "$1/$2" ] && kill -s 0 "$pid" 2> /dev/null; do sleep 0.02; done
  fi
  rm -rf "$1"
`;

/** Makes a folder that a guard removes when this process ends, however it ends. */
export function guardedFolder({ pidFile, signal }: Occupant): GuardedFolder {
  const path = mkdtempSync(join(tmpdir(), "hammerwork-"));
  const { uid, gid } = nobody;
  if (uid !== undefined && gid !== undefined) chownSync(path, uid, gid);
  // A group of its own, because signals to a test's whole group must not end the guard.
  const child = spawn("sh", ["-c", guard, "sh", path, pidFile, signal], {
    ...nobody,
    cwd: tmpdir(),
    detached: true,
    stdio: ["pipe", "ignore", "ignore"],
  });
  const ended = once(child, "exit");
  child.unref();
  // In Bun it holds no process.
  (child.stdin as Partial<Socket>).unref?.();
  return {
    path,
    [Symbol.asyncDispose]: async () => {
      child.ref();
      child.stdin.end();
      await ended;
    },
  };
}
