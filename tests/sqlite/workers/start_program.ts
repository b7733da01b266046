import { type ChildProcess, spawn } from "node:child_process";
import process from "node:process";
import { fileURLToPath } from "node:url";

/** A program of this folder in a process of its own. It is killed at the end of its block. */
export interface Program extends AsyncDisposable {
  /** Waits for a line that begins so, and gives the rest of it. */
  readonly said: (beginning: string) => Promise<string>;
  readonly signal: (signal: "SIGKILL" | "SIGCONT" | "SIGTERM") => void;
  /** Waits for its end, which must be a good one. */
  readonly ended: () => Promise<void>;
}

/** Starts a program on the runtime of the test, with one argument. */
export function startProgram(file: string, argument: unknown): Program {
  const [executable, ...args] = commandFor(file, argument);
  return follow(spawn(executable!, args, { stdio: ["ignore", "pipe", "pipe"] }));
}

/** What starts a program on the runtime of the test. */
export function commandFor(file: string, argument: unknown): readonly string[] {
  const path = fileURLToPath(new URL(file, import.meta.url));
  const isDeno = process.versions.deno !== undefined;
  const options = isDeno ? ["run", "-A", "--no-check"] : [];
  return [process.execPath, ...options, path, JSON.stringify(argument)];
}

function follow(child: ChildProcess): Program {
  let output = "";
  let errors = "";
  const listeners = new Set<() => void>();
  const tellAll = () => listeners.forEach((listener) => listener());
  child.stdout!.setEncoding("utf8").on("data", (text: string) => {
    output += text;
    tellAll();
  });
  child.stderr!.setEncoding("utf8").on("data", (text: string) => errors += text);
  let end: number | string | undefined;
  const closed = new Promise<void>((resolve) =>
    child.once("close", (code, signal) => {
      end = code ?? signal ?? "nothing";
      tellAll();
      resolve();
    })
  );
  const unexpectedEnd = () => new Error(`The program ended with ${end}:\n${output}${errors}`);
  // Not child.kill: Deno takes a child that was stopped by it for one that has ended.
  const signal = (name: string) => {
    if (end !== undefined) return;
    try {
      process.kill(child.pid!, name);
    } catch (error) {
      // It has just ended by itself, and its output is still being read.
      if ((error as { code?: string }).code !== "ESRCH") throw error;
    }
  };

  const said = (beginning: string) =>
    new Promise<string>((resolve, reject) => {
      const look = () => {
        const line = output.split("\n").slice(0, -1).find((line) => line.startsWith(beginning));
        if (line === undefined && end === undefined) return;
        listeners.delete(look);
        if (line === undefined) reject(unexpectedEnd());
        else resolve(line.slice(beginning.length).trim());
      };
      listeners.add(look);
      look();
    });

  return {
    said,
    signal,
    ended: async () => {
      await closed;
      if (end !== 0) throw unexpectedEnd();
    },
    [Symbol.asyncDispose]: async () => {
      signal("SIGKILL");
      await closed;
    },
  };
}
