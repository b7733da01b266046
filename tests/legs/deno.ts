import { documentationTests } from "../documentation/generate.ts";
import { serverFolders } from "./folders.ts";
import { installedRuntime } from "./installed.ts";
import type { Counts, Leg } from "./leg.ts";
import { otel3TestFiles } from "./otel3.ts";

export const deno: Leg = {
  name: "deno",
  folders: [...serverFolders, "cli"],
  moreFiles: [...otel3TestFiles, ...documentationTests("Deno")],
  findRuntime: () => installedRuntime("Deno", "deno"),
  commands: ({ executable }, testFiles) => [{
    executable,
    // The types are checked once for all runtimes, by `npm run types`.
    args: ["test", "-A", "--no-check", ...testFiles],
  }],
  readCounts,
  finishedTest: / \.\.\. (?:ok|FAILED|ignored) \(\d/g,
};

/** Reads `ok | 3 passed (2 steps) | 0 failed | 1 ignored (4 steps) (12ms)`. */
function readCounts(output: string): Counts | undefined {
  const closingLine = [...output.matchAll(/^(?:ok|FAILED) \| \d+ passed .*$/gm)].at(-1)?.[0];
  if (closingLine === undefined) return undefined;
  return {
    passed: testsAndSteps(closingLine, "passed"),
    failed: testsAndSteps(closingLine, "failed"),
    skipped: testsAndSteps(closingLine, "ignored"),
  };
}

// A suite is a test to Deno, and the tests in it are steps.
function testsAndSteps(closingLine: string, what: string): number {
  const found = new RegExp(`(\\d+) ${what}(?: \\((\\d+) steps?\\))?`).exec(closingLine);
  return Number(found?.[1] ?? 0) + Number(found?.[2] ?? 0);
}
