/** Runs a program in a runtime of its own. */

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import process from "node:process";
import { text } from "node:stream/consumers";
import { installedRuntime, MissingRuntime } from "../../legs/installed.ts";

export type Runtime = "Node" | "Bun" | "Deno" | "workerd";

/** What it prints. It must end well. */
export async function runApart(
  runtime: Runtime,
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<string> {
  const { executable } = installedRuntime(runtime, runtime.toLowerCase());
  const child = spawn(executable, args, {
    env: { ...process.env, ...environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const ended = once(child, "exit");
  const [printed, complaints] = await Promise.all([text(child.stdout), text(child.stderr)]);
  assert.deepEqual(await ended, [0, null], complaints + printed);
  return printed;
}

/** Why a test that needs these runtimes cannot run on this machine, if so. */
export function whyNot(...runtimes: readonly Runtime[]): string | false {
  try {
    for (const runtime of runtimes) installedRuntime(runtime, runtime.toLowerCase());
    return false;
  } catch (error) {
    if (error instanceof MissingRuntime) return error.message;
    throw error;
  }
}
