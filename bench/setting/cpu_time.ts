/**
 * The CPU time of a server, read from /proc: its own, and that of every process it has started.
 *
 * @module
 */
import { readdirSync, readFileSync } from "node:fs";

// Linux counts in hundredths of a second, whatever the machine.
const MS_PER_TICK = 10;

interface Process {
  readonly parent: number;
  readonly ticks: number;
}

/** Milliseconds that a process and its children have used; of ended children too. */
export function serverCpuMs(pid: number): number {
  const children = readdirSync("/proc").filter((name) => /^\d+$/.test(name)).map(processOf)
    .filter((one) => one?.parent === pid);
  const ticks = [processOf(String(pid)), ...children].map((one) => one?.ticks ?? 0);
  return ticks.reduce((sum, one) => sum + one) * MS_PER_TICK;
}

/** The parent of a process. */
export function parentOf(pid: number): number {
  const parent = processOf(String(pid))?.parent;
  if (parent === undefined) throw new Error(`A process ${pid} was expected: got none`);
  return parent;
}

/** `undefined` when it has ended meanwhile. */
function processOf(pid: string): Process | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    // Its name comes first, in brackets, and may hold anything.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ").map(Number);
    // Time in the program and in the kernel; then the same of the children that it has waited for.
    return { parent: fields[1]!, ticks: fields.slice(11, 15).reduce((sum, one) => sum + one) };
  } catch {
    return undefined;
  }
}
