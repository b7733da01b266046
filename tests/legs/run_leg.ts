import { type Ended, runChild } from "./child.ts";
import process from "node:process";
import { mayBeMissing, MissingProgram, MissingRuntime } from "./installed.ts";
import type { Command, Counts, Leg, Outcome } from "./leg.ts";
import { emptyFoldersOf, testFilesOf } from "./test_files.ts";

type Environment = Readonly<Record<string, string>>;
type Result = Omit<Outcome, "leg" | "seconds">;

interface EndedInTurn extends Ended {
  readonly isTimeUp: boolean;
}

const nothing: Counts = { passed: 0, failed: 0, skipped: 0 };

export async function runLeg(leg: Leg, only: string, environment: Environment): Promise<Outcome> {
  const start = performance.now();
  const result = await attempt(leg, only, environment);
  return { leg: leg.name, ...result, seconds: (performance.now() - start) / 1_000 };
}

async function attempt(leg: Leg, only: string, environment: Environment): Promise<Result> {
  const testFiles = testFilesOf(leg, only);
  const [empty] = emptyFoldersOf(leg);
  if (empty !== undefined) return failed("", `Tests were expected in tests/${empty}, got none.`);
  if (testFiles.length === 0) return skipped(withoutFiles(leg, only));
  try {
    return await run(leg, testFiles, environment);
  } catch (error) {
    if (error instanceof MissingRuntime) return withoutRuntime(error);
    throw error;
  }
}

async function run(
  leg: Leg,
  testFiles: readonly string[],
  environment: Environment,
): Promise<Result> {
  const runtime = leg.findRuntime();
  const commands = leg.commands(runtime, testFiles).map((command) => ({
    ...command,
    environment: { ...environment, ...command.environment },
  }));
  const ended = await runInTurn(commands, leg.timeLimitSeconds);
  const { output } = ended;
  const counts = leg.readCounts(output);
  const reason = reasonToFail(ended, counts, leg.timeLimitSeconds);
  return {
    runtime: `${runtime.title} ${runtime.version}`,
    output,
    notes: leg.readNotes?.(output) ?? "",
    ...(reason === undefined ? { verdict: "passed" } : { verdict: "failed", reason }),
    ...(reason === undefined ? counts ?? nothing : atLeastOneFailure(counts)),
  };
}

async function runInTurn(
  commands: readonly Command[],
  timeLimitSeconds: number,
): Promise<EndedInTurn> {
  const timeLimit = AbortSignal.timeout(timeLimitSeconds * 1_000);
  let output = "";
  let exitCode: number | null = 0;
  for (const command of commands) {
    const ended = await runChild(command, timeLimit);
    output += ended.output;
    exitCode = ended.exitCode;
    if (exitCode !== 0 || timeLimit.aborted) break;
  }
  return { output, exitCode, isTimeUp: timeLimit.aborted };
}

function reasonToFail(
  ended: EndedInTurn,
  counts: Counts | undefined,
  timeLimitSeconds: number,
): string | undefined {
  if (ended.isTimeUp) return `It was ended after its time limit of ${timeLimitSeconds} s.`;
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
