/**
 * What makes a figure count: every job ran exactly once, and the store says so too.
 *
 * @module
 */
import type { JobQueue, JobStatus } from "../../mod.ts";

/** Counts the runs of numbered jobs. */
export class Runs {
  readonly #runs: Uint8Array;

  constructor(jobs: number) {
    this.#runs = new Uint8Array(jobs);
  }

  /** The n-th job runs. */
  count(n: number): void {
    this.#runs[n]!++;
  }

  /** Throws unless each ran once. */
  check(): void {
    const lost = this.#runs.filter((runs) => runs === 0).length;
    const repeated = this.#runs.filter((runs) => runs > 1).length;
    if (lost + repeated === 0) return;
    throw new Error(
      `Each of ${this.#runs.length} jobs must run once: got ${lost} lost, ${repeated} repeated`,
    );
  }
}

/** How many jobs have each status. */
export type Standing = Readonly<Partial<Record<JobStatus, number>>>;

/** How the only queue of a store stands. */
export async function standingOf<Q extends Record<string, unknown>>(
  queue: JobQueue<Q>,
): Promise<Standing> {
  const counts = await queue.store.counts();
  return Object.fromEntries(counts.map(({ status, count }) => [status, count]));
}

/** Throws unless all jobs that were ready before are completed since, and nothing else happened. */
export function checkDrained(before: Standing, after: Standing): void {
  const { ready = 0, completed = 0, ...others } = before;
  const expected = { ...others, completed: completed + ready };
  if (inOrder(after) !== inOrder(expected)) {
    throw new Error(`The store must have ${inOrder(expected)}: got ${inOrder(after)}`);
  }
}

function inOrder(standing: Standing): string {
  return Object.entries(standing).sort().map(([status, count]) => `${count} ${status}`).join(", ");
}
