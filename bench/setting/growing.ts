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
  /** Adds jobs like one that is there, by plain SQL. */
  readonly multiply: (address: string, model: Model, rows: number) => Promise<void>;
  /** Gathers the planner's statistics once, and lets nobody gather them again. */
  readonly analyzeForGood: (address: string) => Promise<void>;
  /** Sees the place as it is now for as long as its block lasts. */
  readonly holdSnapshot: (address: string) => Promise<AsyncDisposable>;
  /** Puts in order what many new rows have left. */
  readonly tidy: (address: string) => Promise<void>;
}

/** A status that many jobs of an old place have. */
export type Multiplied = "completed" | "scheduled";

/** A job of an empty place; of its status there is no other. */
export interface Model {
  readonly id: string;
  readonly status: Multiplied;
}

/** Fills an empty place with jobs that have completed and with jobs for later. */
export async function grow(
  growing: Growing,
  address: string,
  rows: Readonly<Record<Multiplied, number>>,
): Promise<void> {
  for (const model of await makeOneOfEach(address, rows)) {
    await growing.multiply(address, model, rows[model.status] - 1);
  }
  await growing.tidy(address);
}

/** Real ones, so that the copies have everything that such a row has. */
async function makeOneOfEach(
  address: string,
  { completed, scheduled }: Readonly<Record<Multiplied, number>>,
): Promise<readonly Model[]> {
  await using queue = new JobQueue<{ trivial: Trivial }>({ store: await openStore(address) });
  const models: Model[] = [];
  if (completed > 0) {
    const { id } = await queue.enqueue(trivialJob(0));
    models.push({ id, status: "completed" });
    await queue.worker("trivial", () => {}).tick();
  }
  if (scheduled > 0) {
    const runAt = new Date(Date.now() + 60 * 60_000);
    const { id } = await queue.enqueue({ ...trivialJob(0), runAt });
    models.push({ id, status: "scheduled" });
  }
  return models;
}
