import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import process from "node:process";
import type { Runtime } from "./leg.ts";

/** A runtime that is not there. Its message is a sentence. */
export class MissingRuntime extends Error {}

/** A program that `npm test` does not install. Only where everything is proved it must be there. */
export class MissingProgram extends MissingRuntime {}

/**
 * Whether a leg may be left out because its runtime is missing. An optional dependency that
 * cannot be installed is left out in silence, so where all of them exist a missing one is an error.
 */
export const mayBeMissing: boolean = process.platform !== "linux" || process.arch !== "x64";

/** The runtime that `npm test` installed as the given command. */
export function installedRuntime(title: string, command: string): Runtime {
  return runtimeAt(title, resolve("node_modules/.bin", command));
}

/** Asks the executable for its version, which also proves that it runs. */
export function runtimeAt(title: string, executable: string): Runtime {
  if (!existsSync(executable)) {
    throw new MissingRuntime(`${title} was expected at ${executable}, but nothing is there.`);
  }
  const answer = spawnSync(executable, ["--version"], { encoding: "utf8", timeout: 20_000 });
  const version = answer.status === 0 ? /\d[\w.-]*/.exec(answer.stdout)?.[0] : undefined;
  if (version === undefined) {
    const got = answer.error?.message ?? (answer.stdout + answer.stderr).trim();
    throw new MissingRuntime(`${executable} --version was expected to print one, but gave: ${got}`);
  }
  return { title, version, executable };
}
