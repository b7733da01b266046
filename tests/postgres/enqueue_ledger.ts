import assert from "node:assert/strict";
import { setTimeout } from "node:timers/promises";
import { job, type JobQueue, type NewJob } from "../../mod.ts";

/** What was promised to somebody who enqueues while all kinds of things go wrong. */
export interface Ledger {
  /** Jobs whose enqueue resolved. */
  readonly stored: string[];
  /** Jobs whose enqueue was refused, one list for each call, with the error. */
  readonly refused: { readonly ids: readonly string[]; readonly error: Error }[];
  /** How long the slowest call took until its answer, in ms. */
  slowestMs: number;
}

/** What became of the refused ones. */
export interface Audit {
  /** The errors' texts, each with how often it came. */
  readonly errors: ReadonlyMap<string, number>;
  /** Jobs that are stored although their enqueue was refused: nobody could know, and it said so. */
  readonly storedUnknown: readonly string[];
}

type MakeJobs = (queueName: string) => NewJob[];

// Attempts are cut off, which must not be what fails a job.
const maxAttempts = 50;
const single: MakeJobs = (queueName) => [job(queueName, {}, { maxAttempts })];
const pair: MakeJobs = (queueName) => {
  const first = job(queueName, {}, { maxAttempts });
  return [first, job(queueName, {}, { maxAttempts, dependsOn: [first] })];
};

/** Enqueues until the signal aborts, and returns when every call has been answered. */
export async function enqueueUntil(
  signal: AbortSignal,
  queue: JobQueue,
  queueName: string,
): Promise<Ledger> {
  const ledger: Ledger = { stored: [], refused: [], slowestMs: 0 };
  const patient = async (makeJobs: MakeJobs) => {
    while (!signal.aborted) {
      await enqueueOnce(queue, makeJobs(queueName), ledger);
      await setTimeout(2);
    }
  };
  const impatient = async (makeJobs: MakeJobs) => {
    const calls: Promise<void>[] = [];
    while (!signal.aborted) {
      calls.push(enqueueOnce(queue, makeJobs(queueName), ledger));
      await setTimeout(50);
    }
    await Promise.all(calls);
  };
  await Promise.all([single, pair].flatMap((jobs) => [patient(jobs), impatient(jobs)]));
  return ledger;
}

async function enqueueOnce(queue: JobQueue, jobs: NewJob[], ledger: Ledger): Promise<void> {
  const ids = jobs.map(({ id }) => id);
  const calledAt = performance.now();
  try {
    const enqueued = await queue.enqueue(jobs);
    assert.deepEqual(enqueued.map(({ id }) => id), ids);
    assert.ok(enqueued.every(({ deduplicated }) => !deduplicated));
    ledger.stored.push(...ids);
  } catch (error) {
    ledger.refused.push({ ids, error: error as Error });
  }
  ledger.slowestMs = Math.max(ledger.slowestMs, performance.now() - calledAt);
}

/** Holds the promises against the store: what resolved is there, what was refused is not. */
export async function audit(queue: JobQueue, { stored, refused }: Ledger): Promise<Audit> {
  const isStored = async (id: string) => await queue.get(id) !== undefined;
  for (const id of stored) assert.ok(await isStored(id), `${id} was promised and is lost`);
  const errors = new Map<string, number>();
  const storedUnknown: string[] = [];
  for (const { ids, error } of refused) {
    errors.set(error.message, (errors.get(error.message) ?? 0) + 1);
    assert.equal(error.name, "StoreUnavailableError", error.message);
    const found = await Promise.all(ids.map(isStored));
    assert.equal(new Set(found).size, 1, "All jobs of a call are stored, or none");
    if (!found[0]) continue;
    assert.match(error.message, /not known/, "What is stored must not be said to be refused");
    storedUnknown.push(...ids);
  }
  return { errors, storedUnknown };
}
