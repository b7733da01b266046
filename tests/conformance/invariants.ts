import assert from "node:assert/strict";
import { hasEnded, type JobRecord, type Store } from "../../src/store.ts";
import type { Fixture } from "./fixture.ts";
import { definedFields, jobsFound } from "./answers.ts";
import type { StoreModel } from "./model.ts";

// The time of a lease: some of what ended is older, some is not.
const LATELY_MS = 100;

/** What holds of every store after every operation. Returns the jobs that have ended. */
export async function checkInvariants(
  { store, clock }: Fixture,
  model: StoreModel,
  endedBefore: ReadonlyMap<string, JobRecord>,
): Promise<ReadonlyMap<string, JobRecord>> {
  const jobs = await jobsFound(store, { limit: 10_000 });
  const byId = new Map(jobs.map((job) => [job.id, job]));
  assert.deepEqual([...byId.keys()].reverse(), model.ids, "No job is lost or made up");
  assert.deepEqual(await countsOf(store), countsIn(jobs), "Counts agree with what is found");
  const lately = jobs.filter(({ finishedAt = 0 }) => finishedAt > clock.now() - LATELY_MS);
  assert.deepEqual(await countsOf(store, LATELY_MS), countsIn(lately), "Counts know what ended");
  const running = jobs.filter(({ status }) => status === "running").map(({ id }) => id);
  assert.deepEqual(new Set(running), new Set(model.running.keys()), "Who runs holds a lease");
  for (const job of jobs) checkJob(job, byId);
  for (const [id, before] of endedBefore) {
    assert.deepEqual(
      definedFields(byId.get(id)!),
      definedFields(before),
      "What has ended stays as it is",
    );
  }
  await model.traces?.check(store, jobs);
  return new Map(jobs.filter(({ status }) => hasEnded(status)).map((job) => [job.id, job]));
}

function checkJob(job: JobRecord, byId: ReadonlyMap<string, JobRecord>): void {
  const { status, attempts, maxAttempts, finishedAt, dependsOn, onDependencyFailure } = job;
  assert.ok(0 <= attempts && attempts <= maxAttempts, "No job has more attempts than it may");
  assert.equal(finishedAt !== undefined, hasEnded(status), "What has ended has a time of its end");
  const dependencies = dependsOn.map((id) => byId.get(id)!.status);
  const open = dependencies.filter((one) => !hasEnded(one));
  if (status === "blocked") {
    assert.notEqual(open.length, 0, "A blocked job waits for a dependency");
  } else if (status !== "cancelled") {
    assert.equal(open.length, 0, "A dependent waits for all of its dependencies");
  }
  if (onDependencyFailure === "cancel" && status !== "cancelled") {
    const failed = dependencies.filter((one) => one === "failed" || one === "cancelled");
    assert.equal(failed.length, 0, "A failed dependency cancels its dependent");
  }
}

async function countsOf(
  store: Store,
  endedWithinMs?: number,
): Promise<ReadonlyMap<string, number>> {
  const counts = await store.counts({ endedWithinMs });
  return new Map(counts.map((one) => [`${one.queueName} ${one.status}`, one.count]));
}

function countsIn(jobs: readonly JobRecord[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { queueName, status } of jobs) {
    counts.set(`${queueName} ${status}`, (counts.get(`${queueName} ${status}`) ?? 0) + 1);
  }
  return counts;
}
