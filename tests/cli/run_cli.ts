/** Runs the command line as a person does: in a process, in a pipe or in a terminal. */

import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, existsSync, openSync } from "node:fs";
import process from "node:process";
import { stripVTControlCharacters } from "node:util";
import { type Ended, endOf } from "../child_output.ts";

export interface Start {
  readonly env?: Readonly<Record<string, string>>;
  /** What comes from standard input; nothing unless it is given. */
  readonly input?: string | Uint8Array;
  /** How wide the terminal is. */
  readonly columns?: number;
}

const isDeno = process.versions.deno !== undefined;
const command = [
  process.execPath,
  ...(isDeno ? ["run", "-A", "--no-check", "--quiet"] : []),
  "src/cli.ts",
];

/** Starts it in a pipe. */
export function startCli(args: readonly string[], { env = {} }: Start = {}): ChildProcess {
  const [executable, ...before] = command;
  return spawn(executable!, [...before, ...args], { env: environment(env), stdio: "pipe" });
}

/** Runs it to its end, in a pipe. */
export function cli(args: readonly string[], start: Start = {}): Promise<Ended> {
  const child = startCli(args, start);
  child.stdin!.on("error", () => {}); // It may end before it has read everything.
  child.stdin!.end(start.input ?? "");
  return endOf(child);
}

/** Runs it to its end with one of its outputs, 1 or 2, in a file. */
export async function cliTo(file: string, output: 1 | 2, args: readonly string[]): Promise<Ended> {
  const [executable, ...before] = command;
  const descriptor = openSync(file, "w");
  try {
    const child = spawn(executable!, [...before, ...args], {
      env: environment({}),
      stdio: ["ignore", output === 1 ? descriptor : "pipe", output === 2 ? descriptor : "pipe"],
    });
    return await endOf(child);
  } finally {
    closeSync(descriptor);
  }
}

/** Why there is no pseudo-terminal here, if there is none. */
export const whyNoTerminal: string | false = existsSync("/usr/bin/script") &&
    process.platform === "linux"
  ? false
  : "A pseudo-terminal needs script of util-linux";

/** Starts it in a pseudo-terminal, where standard output and error are one. */
export function startInTerminal(
  args: readonly string[],
  { env = {}, columns = 80 }: Start = {},
): ChildProcess {
  const line = `stty cols ${columns} rows 40; exec ${[...command, ...args].map(quoted).join(" ")}`;
  return spawn("script", ["-qec", line, "/dev/null"], {
    env: { ...environment(env), SHELL: "/bin/sh", TERM: env.TERM ?? "xterm" },
    stdio: "pipe",
  });
}

/** Runs it to its end in a pseudo-terminal. */
export async function inTerminal(args: readonly string[], start: Start = {}): Promise<Ended> {
  const child = startInTerminal(args, start);
  if (start.input !== undefined) child.stdin!.write(start.input);
  const ended = await endOf(child);
  return { ...ended, stdout: ended.stdout.replaceAll("\r\n", "\n") };
}

/** The text without colors. */
export function plain(text: string): string {
  return stripVTControlCharacters(text);
}

/** Waits until the output is enough, and returns it. */
export function printed(child: ChildProcess, isEnough: (text: string) => boolean): Promise<string> {
  let text = "";
  return new Promise((resolve, reject) => {
    child.stdout!.on("data", (piece) => {
      text += piece;
      if (isEnough(text)) resolve(text);
    });
    child.once("close", () => reject(new Error(`It ended before: ${text}`)));
  });
}

/** The environment without the variables that the command line reads. */
function environment(env: Readonly<Record<string, string>>): Record<string, string | undefined> {
  const { HAMMERWORK_URL: _, HAMMERWORK_TOKEN: __, NO_COLOR: ___, TRACEPARENT: ____, ...rest } =
    process.env;
  // Node would read and strip the same files a hundred times over.
  return { ...rest, NODE_COMPILE_CACHE: ".build/compile_cache", ...env };
}

function quoted(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}
