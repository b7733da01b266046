/** Progress: on a terminal one line that is rewritten, elsewhere a line every two seconds. */
import process from "node:process";
import type { Hooks, JobQueue } from "../../../mod.ts";
import { escapeControlCharactersInLines } from "../../../src/control_characters.ts";
import { counted, shown } from "./text.ts";
import type { Queues } from "../workflow.ts";

const CLEAR_LINE = "\r\x1b[K";
const LINE_EVERY_MS = 2_000;

export class Progress {
  /** Hooks for the workers; they count the retries. */
  readonly hooks: Hooks = {
    onJobRetry: () => {
      this.#retries++;
    },
  };
  #before: Counts = { completed: 0, failed: 0, cancelled: 0, left: 0 };
  #retries = 0;
  #startedAt = 0;
  #shownAt = 0;

  /** Takes the counts before the work. */
  begin(before: Counts): void {
    this.#before = before;
    this.#startedAt = this.#shownAt = performance.now();
  }

  /** Shows the counts of now. */
  show(now: Counts): void {
    const { ended } = this.#since(now);
    const all = ended + now.left;
    if (all === 0) return;
    const line = `${shown(ended)} of ${counted(all, "job")} done, ${this.#retried()}`;
    if (process.stdout.isTTY) process.stdout.write(`${CLEAR_LINE}${line}`);
    else if (performance.now() - this.#shownAt >= LINE_EVERY_MS) this.print(line);
  }

  /** Shows what was done, unless it is nothing. */
  end(now: Counts): void {
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

  /** Prints a problem on a line of its own. */
  report(problem: string): void {
    this.#clear();
    console.error(escapeControlCharactersInLines(problem));
  }

  #since(now: Counts): Omit<Counts, "left"> & { readonly ended: number } {
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

/** The jobs of some queues by how they ended. */
export interface Counts {
  readonly completed: number;
  readonly failed: number;
  readonly cancelled: number;
  /** Jobs that have not ended. */
  readonly left: number;
}

/** Counts the jobs of the queues that these workers work for. */
export async function countJobs(
  queue: JobQueue<Queues>,
  workers: readonly { readonly queueName: string }[],
): Promise<Counts> {
  const names = new Set(workers.map(({ queueName }) => queueName));
  const counts = { completed: 0, failed: 0, cancelled: 0, left: 0 };
  // The store may have other queues too.
  for (const { queueName, jobs, unfinished } of (await queue.stats()).queues) {
    if (!names.has(queueName)) continue;
    counts.completed += jobs.completed;
    counts.failed += jobs.failed;
    counts.cancelled += jobs.cancelled;
    counts.left += unfinished;
  }
  return counts;
}
