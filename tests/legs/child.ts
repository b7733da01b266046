import { type ChildProcess, spawn } from "node:child_process";
import process from "node:process";
import type { Command } from "./leg.ts";

export interface Ended {
  readonly output: string;
  /** Nothing, when it did not end by itself. */
  readonly exitCode: number | null;
}

const running = new Set<ChildProcess>();

process.once("exit", () => running.forEach((child) => endGroup(child, "SIGKILL")));
process.once("SIGINT", () => process.exit(130));
process.once("SIGTERM", () => process.exit(143));

/** Runs a command to its end, or to the abort of the signal. Its output is passed on as it comes. */
export function runChild(
  command: Command,
  { signal, onOutput }: Readonly<{ signal: AbortSignal; onOutput: (text: string) => void }>,
): Promise<Ended> {
  // A group of its own, so that no process that a test started outlives its leg.
  const child = spawn(command.executable, command.args, {
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
    env: environmentOf(command),
  });
  running.add(child);

  let output = "";
  const take = (text: string) => {
    output += text;
    onOutput(text);
  };
  child.stdout.setEncoding("utf8").on("data", take);
  child.stderr.setEncoding("utf8").on("data", take);

  const stop = () => endGently(child);
  signal.addEventListener("abort", stop);

  return new Promise((resolve, reject) => {
    child.once("error", reject);
    // What it left running would hold its output open for ever.
    child.once("exit", () => endGroup(child, "SIGKILL"));
    child.once("close", (exitCode) => {
      running.delete(child);
      signal.removeEventListener("abort", stop);
      resolve({ output, exitCode });
    });
  });
}

function environmentOf(command: Command): NodeJS.ProcessEnv {
  const { FORCE_COLOR: _, ...inherited } = process.env;
  return { ...inherited, NO_COLOR: "1", ...command.environment };
}

// A runner that is asked to end may still say which test it was in.
function endGently(child: ChildProcess): void {
  endGroup(child, "SIGTERM");
  setTimeout(() => endGroup(child, "SIGKILL"), 2_000).unref();
}

function endGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, signal);
  } catch {
    // The whole group has ended already.
  }
}
