/**
 * pgbench, which sends statements and reads answers with next to no work of its own.
 *
 * @module
 */
import { execFile, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const program = "pgbench";

/** Whether it is on PATH. */
export function hasPgbench(): boolean {
  return spawnSync(program, ["--version"]).status === 0;
}

/** Runs statements once, one after the other. Returns how many seconds that took. */
export async function runStatements(
  address: string,
  statements: readonly string[],
): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), "hammerwork-pgbench-"));
  try {
    const script = join(folder, "statements.sql");
    writeFileSync(script, statements.map((statement) => `${statement};\n`).join(""));
    const { stdout } = await promisify(execFile)(program, [
      ...["--no-vacuum", "--client=1", "--transactions=1", `--file=${script}`, address],
    ]);
    return Number(/latency average = ([\d.]+) ms/.exec(stdout)![1]) / 1_000;
  } finally {
    rmSync(folder, { recursive: true });
  }
}
