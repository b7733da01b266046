/** Runs the order workflow as a user does: through its launcher, in a folder of its own. */

import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import process from "node:process";
import { after } from "node:test";
import { type Ended, endOf } from "../child_output.ts";

export interface Start {
  readonly folder: string;
  readonly args?: readonly string[];
  /** The command that runs it; the launcher by default. */
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
}

/** The program itself, without its launcher. */
export const main: string = resolve("examples/order_workflow/main.ts");
export const launcher: string = resolve("examples/start.js");

const scratch = mkdtempSync(join(tmpdir(), "hammerwork-orders-"));
after(() => rmSync(scratch, { recursive: true, force: true }));

export function newFolder(): string {
  return mkdtempSync(join(scratch, "run-"));
}

/** Starts it where this Node is the machine's own, whichever Node that is. */
export function startOrders(
  { folder, args = [], command = [process.execPath, launcher, "order_workflow"], environment = {} }:
    Start,
): ChildProcessWithoutNullStreams {
  const { OTEL_EXPORTER_OTLP_ENDPOINT: _, ...inherited } = process.env;
  const [executable = "", ...before] = command;
  return spawn(executable, [...before, ...args], {
    cwd: folder,
    env: { ...inherited, PATH: folderWithThisNode(), ...environment },
  });
}

function folderWithThisNode(): string {
  const folder = newFolder();
  symlinkSync(process.execPath, join(folder, "node"));
  return folder;
}

/** Runs it to its end, which it comes to by itself, with the given standard input. */
export function runOrders(start: Start, input: string = ""): Promise<Ended> {
  const child = startOrders({ ...start, args: ["--once", ...start.args ?? []] });
  child.stdin.end(input);
  return endOf(child);
}
