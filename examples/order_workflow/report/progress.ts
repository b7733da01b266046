/** Shows how the work goes on: one line that is rewritten on a terminal, a line at times elsewhere. */
import process from "node:process";
import type { Hooks } from "../../../mod.ts";
import { escapeControlCharactersInLines } from "../../../src/control_characters.ts";
import { counted, shown } from "./counted.ts";
import type { Standing } from "./standing.ts";

const CLEAR_LINE = "\r\x1b[K";
const LINE_EVERY_MS = 2_000;

export class Progress {
  /** For the workers: retries are nowhere counted but here. */
  readonly hooks: Hooks = {
    onJobRetry: () => {
      this.#retries++;
    },
  };
  #before: Standing = { completed: 0, failed: 0, cancelled: 0, left: 0 };
  #retries = 0;
  #startedAt = 0;
  #shownAt = 0;

  /** Takes how the jobs stand before the work. */
  begin(before: Standing): void {
    this.#before = before;
    this.#startedAt = this.#shownAt = performance.now();
  }

  /** Shows the standing, in a pipe only now and then. */
  show(now: Standing): void {
    const { ended } = this.#since(now);
    const all = ended + now.left;
    if (all === 0) return;
    const line = `${shown(ended)} of ${counted(all, "job")} done, ${this.#retried()}`;
    if (process.stdout.isTTY) process.stdout.write(`${CLEAR_LINE}${line}`);
    else if (performance.now() - this.#shownAt >= LINE_EVERY_MS) this.print(line);
  }

  /** Shows what was done, if anything was. */
  end(now: Standing): void {
    const { completed, failed, cancelled, ended } = this.#since(now);
    if (ended === 0) return this.#clear();
    const seconds = ((performance.now() - this.#startedAt) / 1_000).toFixed(1);
    this.print(
      `${counted(ended, "job")} done in ${seconds} s: ${shown(completed)} completed, ` +
        `${shown(failed)} failed, ${shown(cancelled)} cancelled; ${this.#retried()}`,
    );
  }

  /** Prints a line of its own. */
  print(line: string): void {
    this.#clear();
    console.log(escapeControlCharactersInLines(line));
    this.#shownAt = performance.now();
  }

  /** Prints a problem without tearing the line apart. */
  report(problem: string): void {
    this.#clear();
    console.error(escapeControlCharactersInLines(problem));
  }

  #since(now: Standing): Omit<Standing, "left"> & { readonly ended: number } {
    const completed = now.completed - this.#before.completed;
    const failed = now.failed - this.#before.failed;
    const cancelled = now.cancelled - this.#before.cancelled;
    return { completed, failed, cancelled, ended: completed + failed + cancelled };
  }

  #retried(): string {
    return counted(this.#retries, "retry", "retries");
  }

  #clear(): void {
    if (process.stdout.isTTY) process.stdout.write(CLEAR_LINE);
  }
}
