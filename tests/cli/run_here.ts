/** Runs the command line in the test's own process: for many cases of one kind. */

import type { Io, Output } from "../../src/cli/io.ts";
import { run } from "../../src/cli/run.ts";
import type { Ended } from "../child_output.ts";
import type { Start } from "./run_cli.ts";

export async function cliHere(
  args: readonly string[],
  { env = {}, columns }: Start = {},
): Promise<Ended> {
  const [stdout, stderr] = [keeper(columns), keeper(columns)];
  const io: Io = {
    stdout,
    stderr,
    stdin: (async function* () {})(),
    isInteractive: false,
    env,
    interrupted: () => AbortSignal.abort(),
  };
  const exitCode = await run(args, io);
  return { exitCode, stdout: stdout.kept(), stderr: stderr.kept() };
}

/** A terminal where it has a width. */
function keeper(columns?: number): Output & { readonly kept: () => string } {
  let text = "";
  return {
    isTerminal: columns !== undefined,
    columns: columns ?? 80,
    rows: 40,
    write: (piece) => {
      text += piece;
      return Promise.resolve();
    },
    kept: () => text,
  };
}
