import { documentationTests } from "../documentation/generate.ts";
import { serverFolders } from "./folders.ts";
import { installedRuntime } from "./installed.ts";
import type { Counts, Leg } from "./leg.ts";
import { otel3TestFiles } from "./otel3.ts";

// Bun gives a test 5 s where Node and Deno set no limit, which a busy machine may exceed.
const timeoutMs = 30_000;

export const bun: Leg = {
  name: "bun",
  folders: [...serverFolders, "cli"],
  moreFiles: [...otel3TestFiles, ...documentationTests("Bun")],
  findRuntime: () => installedRuntime("Bun", "bun"),
  commands: ({ executable }, testFiles) => [{
    executable,
    // Without the leading dot Bun takes a path for a filter of all files.
    args: ["test", `--timeout=${timeoutMs}`, ...testFiles.map((file) => `./${file}`)],
  }],
  readCounts,
  finishedTest: /^\((?:pass|fail|skip|todo)\) /gm,
};

function readCounts(output: string): Counts | undefined {
  if (!/^Ran \d+ tests? across /m.test(output)) return undefined;
  const passed = closingCount(output, "pass");
  const failed = closingCount(output, "fail");
  const skipped = closingCount(output, "skip") + closingCount(output, "todo");
  return { passed, failed, skipped };
}

// Bun leaves out a line whose count is 0.
function closingCount(output: string, what: string): number {
  const lines = [...output.matchAll(new RegExp(`^ *(\\d+) ${what}$`, "gm"))];
  return Number(lines.at(-1)?.[1] ?? 0);
}
