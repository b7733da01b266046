/**
 * Which state of the library was measured, and when.
 *
 * @module
 */
import { spawnSync } from "node:child_process";

/** The commit that last changed the source, where Git knows it. */
export function sourceRevision(): string {
  const { stdout, status } = spawnSync("git", ["log", "-1", "--format=%h", "--", "src", "mod.ts"], {
    encoding: "utf8",
  });
  return status === 0 && stdout.trim() !== "" ? stdout.trim() : "unknown";
}

/** `2026-11-27 at 3d7f777`. */
export function whenAndWhat(revision: string = sourceRevision()): string {
  return `${new Date().toISOString().slice(0, 10)} at ${revision}`;
}
