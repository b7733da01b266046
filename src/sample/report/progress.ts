/** Shows how the work goes on: one line that is rewritten on a terminal, a line at times elsewhere. */
import process from "node:process";
import type { Hooks } from "../../../mod.ts";
import type { Standing } from "./standing.ts";

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
    const { ended, retries } = this.#since(now);
    const line = `${ended} of ${ended + now.left} jobs have ended, ${retries}`;
    if (process.stdout.isTTY) process.stdout.write(`\r\x1b[K${line}`);
    else if (performance.now() - this.#shownAt >= LINE_EVERY_MS) this.print(line);
  }

  /** Shows what was done, if anything was. */
  end(now: Standing): void {
    const { completed, failed, cancelled, ended, retries } = this.#since(now);
    if (ended === 0) return this.#clear();
    const seconds = ((performance.now() - this.#startedAt) / 1_000).toFixed(1);
    this.print(
      `${ended} jobs have ended in ${seconds} s: ` +
        `${completed} completed, ${failed} failed, ${cancelled} cancelled; ${retries}`,
    );
  }

  /** Prints a line of its own. */
  print(line: string): void {
    this.#clear();
    console.log(line);
    this.#shownAt = performance.now();
  }

  /** Prints a problem without tearing the line apart. */
  report(problem: string): void {
    this.#clear();
    console.error(problem);
  }

  #since(now: Standing): Omit<Standing, "left"> & { ended: number; retries: string } {
    const completed = now.completed - this.#before.completed;
    const failed = now.failed - this.#before.failed;
    const cancelled = now.cancelled - this.#before.cancelled;
    const retries = this.#retries === 1 ? "1 retry" : `${this.#retries} retries`;
    return { completed, failed, cancelled, ended: completed + failed + cancelled, retries };
  }

  #clear(): void {
    if (process.stdout.isTTY) process.stdout.write("\r\x1b[K");
  }
}
