/**
 * Making a place into one that has been worked in for long, or that is disturbed.
 *
 * @module
 */
import { JobQueue } from "../../mod.ts";
import { openStore } from "../measured/open_store.ts";
import { type Trivial, trivialJob } from "../measured/trivial.ts";

/** What differs between the stores. */
export interface Growing {
  /** Multiplies the rows of a status, which one job has, by plain SQL. */
  readonly multiply: (address: string, status: Multiplied, rows: number) => Promise<void>;
  /** Gathers the planner's statistics once, and lets nobody gather them again. */
  readonly analyzeForGood: (address: string) => Promise<void>;
  /** Sees the place as it is now for as long as its block lasts. */
  readonly holdSnapshot: (address: string) => Promise<AsyncDisposable>;
  /** Puts in order what many new rows have left. */
  readonly tidy: (address: string) => Promise<void>;
}

/** A status that many jobs of an old place have. */
export type Multiplied = "completed" | "scheduled";

/** Fills an empty place with jobs that have completed and with jobs for later. */
export async function grow(
  growing: Growing,
  address: string,
  rows: Readonly<Record<Multiplied, number>>,
): Promise<void> {
  await makeOneOfEach(address, rows);
  for (const status of ["completed", "scheduled"] as const) {
    if (rows[status] > 0) await growing.multiply(address, status, rows[status] - 1);
  }
  await growing.tidy(address);
}

/** Real ones, so that the copies have everything that such a row has. */
async function makeOneOfEach(
  address: string,
  { completed, scheduled }: Readonly<Record<Multiplied, number>>,
): Promise<void> {
  await using queue = new JobQueue<{ trivial: Trivial }>({ store: await openStore(address) });
  if (completed > 0) {
    await queue.enqueue(trivialJob(0));
    await queue.worker("trivial", () => {}).tick();
  }
  if (scheduled > 0) {
    await queue.enqueue({ ...trivialJob(0), runAt: new Date(Date.now() + 60 * 60_000) });
  }
}
