/**
 * The program of `npm start`: for each order a payment, then an e-mail and a reservation; for the whole
 * file an import in batches. It runs the jobs, prints the trace of an order and serves the page. Read
 * workflow.ts first, then handlers/, then run.ts.
 *
 *     npm start                          # on the sample orders
 *     npm start -- orders.ndjson --once  # on your own, without serving
 *     npm start -- --help
 */
import { constants } from "node:os";
import process from "node:process";
import { escapeControlCharactersInLines } from "../../src/control_characters.ts";
import { initTracing, type Tracing } from "../../src/tracing.ts";
import { type CommandLine, help, readCommandLine, UsageError } from "./command_line.ts";
import { run } from "./run.ts";

// The launcher repeats a signal of the terminal, so a second one is one that comes later.
const SECOND_SIGNAL_AFTER_MS = 1_000;

// A reader of the output may stop reading, as `head` does; the jobs continue.
process.stdout.on("error", () => {});
process.exitCode = await main(process.argv.slice(2));

/** Returns the exit code. */
async function main(args: readonly string[]): Promise<number> {
  try {
    const commandLine = readCommandLine(args);
    if (commandLine.help) {
      console.log(help);
      return 0;
    }
    // First, because only what happens after it has spans.
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
  return await initTracing({ serviceName: name || "order-workflow", exportTimeoutMs: 3_000 });
}

/** A signal stops the work gracefully, a second one at once. The exit code is that of the signal. */
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
