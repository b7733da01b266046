import type { JobInput } from "../../src/job/record.ts";
import type { Change, Extension } from "../../src/store/store.ts";
import { completed, failed, handedBack, neverStarted, reason, retrying } from "./changes.ts";
import { jobWithStatus, type Subject } from "./job_with_status.ts";
import type { Scene } from "./scene.ts";
import { leaseOf } from "./settlement.ts";

/** A way to move a job from one status to another. */
export interface Way {
  readonly name: string;
  /** What is special about the job that goes this way. */
  readonly fields?: Partial<JobInput>;
  /** Brings a job where this way begins, if not just any such job can go it. */
  readonly bring?: (scene: Scene) => Promise<Subject>;
  readonly go: (scene: Scene, job: Subject) => Promise<unknown>;
}

/** For each status that a new job can have, a job that gets it. */
export const additions: Readonly<Record<string, (scene: Scene) => Promise<{ id: string }>>> = {
  ready: ({ add }) => add(),
  scheduled: ({ add }) => add({ delayMs: 1_000 }),
  blocked: (scene) => jobWithStatus.blocked(scene),
  cancelled: async (scene) => {
    const { id } = await jobWithStatus.failed(scene);
    return await scene.add({ dependsOn: [id] });
  },
};

const byCaller: Way = { name: "by a caller", go: ({ store }, { id }) => store.cancel(id, reason) };
const retriedByCaller: Way = { name: "by a caller", go: ({ store }, { id }) => store.retry(id) };
const dueBesideAnother: Way = {
  name: "while a worker claims another",
  go: async ({ add, clock, claimOne }) => {
    await add({ priority: 1 });
    clock.pass(1_000);
    await claimOne();
  },
};

/** For each entry of the table every way through the seam that leads there. */
export const ways: Readonly<Record<string, readonly Way[]>> = {
  "scheduled -> ready": [dueBesideAnother],
  "scheduled -> cancelled": [byCaller],
  "blocked -> ready": [
    { name: "the dependency completed", go: endDependency(completed) },
    {
      name: "the dependency failed, and it runs anyway",
      fields: { onDependencyFailure: "run" },
      go: endDependency(failed),
    },
    {
      name: "the dependency was cancelled, and it runs anyway",
      fields: { onDependencyFailure: "run" },
      go: cancelDependency,
    },
  ],
  "blocked -> scheduled": [
    { name: "by the end", fields: { delayMs: 1_000 }, go: endDependency(completed) },
  ],
  "blocked -> cancelled": [
    byCaller,
    { name: "the dependency failed", go: endDependency(failed) },
    { name: "the dependency was cancelled", go: cancelDependency },
  ],
  "ready -> running": [{ name: "by a claim", go: ({ claimOne }) => claimOne() }],
  "ready -> cancelled": [byCaller],
  "running -> completed": [{ name: "by its holder", go: settle(completed) }],
  "running -> retrying": [
    { name: "by its holder", go: settle(retrying) },
    { name: "lease expired after its start", go: outliveTheLease("running") },
  ],
  "running -> ready": [
    { name: "handed back after its start", go: settle(handedBack) },
    { name: "handed back before its start", go: settle(neverStarted) },
    { name: "lease expired before its start", go: outliveTheLease("waits") },
  ],
  "running -> failed": [
    { name: "by its holder", go: settle(failed) },
    {
      name: "last lease expired after its start",
      fields: { maxAttempts: 1 },
      go: outliveTheLease("running"),
    },
  ],
  "running -> cancelled": [byCaller],
  "retrying -> ready": [dueBesideAnother],
  "retrying -> cancelled": [byCaller],
  "failed -> ready": [retriedByCaller],
  "failed -> blocked": [
    {
      name: "what it ran after anyway was retried before",
      bring: async (scene) => {
        const job = await endedAfterItsDependency(scene, { onDependencyFailure: "run" });
        await scene.settle(await scene.claimOne(), failed);
        return job;
      },
      go: retryAfterItsDependency,
    },
  ],
  "cancelled -> ready": [retriedByCaller],
  "cancelled -> blocked": [
    {
      name: "by a caller, while what it depends on has not ended",
      bring: async (scene) => {
        const job = await jobWithStatus.blocked(scene);
        await scene.store.cancel(job.id, reason);
        return job;
      },
      go: retriedByCaller.go,
    },
    {
      name: "with what it depends on",
      bring: endedAfterItsDependency,
      go: ({ store }, { dependency }) => store.retry(dependency!),
    },
  ],
};

function settle(change: Change): Way["go"] {
  return (scene, job) => scene.settle(job, change);
}

function endDependency(change: Change): Way["go"] {
  return async (scene) => scene.settle(await scene.claimOne({ queueName: "dependencies" }), change);
}

function cancelDependency({ store }: Scene, { dependency }: Subject): Promise<unknown> {
  return store.cancel(dependency!, reason);
}

function outliveTheLease(attempt: Extension["attempt"]): Way["go"] {
  return async ({ store, clock, sweep }, job) => {
    await store.extend([{ ...leaseOf(job), attempt }], 1_000);
    clock.pass(1_001);
    await sweep();
  };
}

/** A job whose dependency has failed. */
async function endedAfterItsDependency(
  scene: Scene,
  fields?: Partial<JobInput>,
): Promise<Subject> {
  const job = await jobWithStatus.blocked(scene, fields);
  await endDependency(failed)(scene, job);
  return job;
}

async function retryAfterItsDependency(
  { store }: Scene,
  { id, dependency }: Subject,
): Promise<void> {
  await store.retry(dependency!);
  await store.retry(id);
}
