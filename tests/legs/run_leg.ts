import process from "node:process";
import { type Ended, runChild } from "./child.ts";
import { finishedLine } from "./finished_tests.ts";
import { mayBeMissing, MissingProgram, MissingRuntime } from "./installed.ts";
import type { Command, Counts, Leg, Outcome } from "./leg.ts";
import { patienceSeconds, Progress } from "./progress.ts";
import type { ProgressDisplay } from "./progress_display.ts";
import { emptyFoldersOf, testFilesOf } from "./test_files.ts";

type Environment = Readonly<Record<string, string>>;
type Result = Omit<Outcome, "leg" | "seconds">;

interface EndedInTurn extends Ended {
  readonly isStalled: boolean;
}

const nothing: Counts = { passed: 0, failed: 0, skipped: 0 };

export async function runLeg(
  leg: Leg,
  only: string,
  environment: Environment,
  display: ProgressDisplay,
): Promise<Outcome> {
  const start = performance.now();
  const result = await attempt(leg, only, environment, display);
  return { leg: leg.name, ...result, seconds: (performance.now() - start) / 1_000 };
}

async function attempt(
  leg: Leg,
  only: string,
  environment: Environment,
  display: ProgressDisplay,
): Promise<Result> {
  const testFiles = testFilesOf(leg, only);
  const [empty] = emptyFoldersOf(leg);
  if (empty !== undefined) return failed("", `Tests were expected in tests/${empty}, got none.`);
  if (testFiles.length === 0) return skipped(withoutFiles(leg, only));
  try {
    return await run(leg, testFiles, environment, display);
  } catch (error) {
    if (error instanceof MissingRuntime) return withoutRuntime(error);
    throw error;
  }
}

async function run(
  leg: Leg,
  testFiles: readonly string[],
  environment: Environment,
  display: ProgressDisplay,
): Promise<Result> {
  const runtime = leg.findRuntime();
  const commands = leg.commands(runtime, testFiles).map((command) => ({
    ...command,
    environment: { ...environment, ...command.environment },
  }));
  const ended = await runShown(commands, new Progress(leg.name, leg.finishedTest), display);
  const { output } = ended;
  const counts = leg.readCounts(output);
  const reason = reasonToFail(ended, counts);
  return {
    runtime: `${runtime.title} ${runtime.version}`,
    output,
    notes: leg.readNotes?.(output) ?? "",
    ...(reason === undefined ? { verdict: "passed" } : { verdict: "failed", reason }),
    ...(reason === undefined ? counts ?? nothing : atLeastOneFailure(counts)),
  };
}

async function runShown(
  commands: readonly Command[],
  progress: Progress,
  display: ProgressDisplay,
): Promise<EndedInTurn> {
  display.add(progress);
  try {
    return await runInTurn(commands, progress);
  } finally {
    progress.end();
    display.remove(progress);
  }
}

async function runInTurn(
  commands: readonly Command[],
  progress: Progress,
): Promise<EndedInTurn> {
  const { stalled } = progress;
  let output = "";
  let exitCode: number | null = 0;
  for (const command of commands) {
    const ended = await runChild(command, {
      signal: stalled,
      onOutput: (text) => progress.read(text),
    });
    output += ended.output.replaceAll(finishedLine, "");
    exitCode = ended.exitCode;
    if (exitCode !== 0 || stalled.aborted) break;
  }
  return { output, exitCode, isStalled: stalled.aborted };
}

function reasonToFail(ended: EndedInTurn, counts: Counts | undefined): string | undefined {
  if (ended.isStalled) return `It was ended because no test finished in ${patienceSeconds} s.`;
  if (counts && counts.failed > 0) return `No failed test was expected, but ${counts.failed} came.`;
  if (ended.exitCode !== 0) return `Exit code 0 was expected, but ${ended.exitCode} came.`;
  if (counts === undefined) return "The output was expected to close with counts, but has none.";
  // Some runners end well without having run anything.
  if (counts.passed === 0) return "At least one test was expected to run, but none did.";
  return undefined;
}

// A leg can fail with no test to blame; the totals must not hide it.
function atLeastOneFailure(counts: Counts = nothing): Counts {
  return { ...counts, failed: Math.max(1, counts.failed) };
}

function withoutFiles(leg: Leg, only: string): string {
  const places = leg.folders.map((folder) => `tests/${folder}`).join(", ");
  return `No test file in ${places} has "${only}" in its name.`;
}

function withoutRuntime(missing: MissingRuntime): Result {
  const isOptional = missing instanceof MissingProgram && process.env.CI !== "true";
  return mayBeMissing || isOptional ? skipped(missing.message) : failed("", missing.message);
}

function failed(output: string, reason: string): Result {
  return { runtime: "", verdict: "failed", reason, output, ...nothing, failed: 1 };
}

function skipped(reason: string): Result {
  return { runtime: "", verdict: "skipped", reason, output: "", ...nothing, skipped: 1 };
}
