/**
 * The sample application: orders go in, and their jobs come out at the end of their traces. To learn
 * the library from it, read workflow.ts, then handlers/, then run.ts.
 */
import { constants } from "node:os";
import process from "node:process";
import { escapeControlCharactersInLines } from "../../src/control_characters.ts";
import { initTracing, type Tracing } from "../../src/tracing.ts";
import { type CommandLine, help, readCommandLine, UsageError } from "./command_line.ts";
import { run } from "./run.ts";

// A launcher passes on what the terminal has sent already, so only a later signal is a second one.
const SECOND_SIGNAL_AFTER_MS = 1_000;

// Whoever reads the output may stop reading, as `head` does; the jobs go on.
process.stdout.on("error", () => {});
process.exitCode = await main(process.argv.slice(2));

/** Gives the exit code. */
async function main(args: readonly string[]): Promise<number> {
  try {
    const commandLine = readCommandLine(args);
    if (commandLine.help) {
      console.log(help);
      return 0;
    }
    // Before anything else: only what happens from here on has spans.
    const tracing = await startTracing();
    try {
      return await runUntilSignal(commandLine);
    } finally {
      await tracing?.shutdown();
    }
  } catch (error) {
    console.error(escapeControlCharactersInLines((error as Error).message));
    return error instanceof UsageError ? 2 : 1;
  }
}

async function startTracing(): Promise<Tracing | undefined> {
  const { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, OTEL_SERVICE_NAME: name } = process.env;
  if (!endpoint) return undefined;
  return await initTracing({ serviceName: name || "hammerwork-sample", exportTimeoutMs: 3_000 });
}

/** A signal stops the work in an orderly way, a second one at once. The exit code tells which. */
async function runUntilSignal(commandLine: CommandLine): Promise<number> {
  const stop = new AbortController();
  let exitCode = 0;
  let stoppedAt = Infinity;
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(signal, () => {
      if (performance.now() - stoppedAt > SECOND_SIGNAL_AFTER_MS) process.exit(exitCode);
      if (stop.signal.aborted) return;
      exitCode = 128 + constants.signals[signal];
      stoppedAt = performance.now();
      stop.abort();
    });
  }
  await run(commandLine, stop.signal);
  return exitCode;
}
