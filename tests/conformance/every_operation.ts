import assert from "node:assert/strict";
import { describe } from "node:test";
import { hasEnded, type JobStatus, jobStatuses, transitions } from "../../src/job/status.ts";
import { completed, failed, handedBack, neverStarted, reason, retrying } from "./changes.ts";
import { jobWithStatus, type Subject } from "./job_with_status.ts";
import { leaseOf } from "./settlement.ts";
import { stated } from "./stated.ts";
import type { Scene } from "./scene.ts";
import type { TestStore } from "./test_store.ts";

type Operation = (scene: Scene, job: Subject) => Promise<unknown>;

const changes = { completed, failed, retrying, handedBack, neverStarted };

const settlements: Readonly<Record<string, Operation>> = Object.fromEntries(
  Object.entries(changes).flatMap(([name, change]): [string, Operation][] => [
    [`settling it as ${name}`, (scene, job) => scene.settle(job, change)],
    [
      `settling it as ${name} with a stale token`,
      (scene, { id }) => scene.settle({ id, leaseToken: crypto.randomUUID() }, change),
    ],
  ]),
);

const operations: Readonly<Record<string, Operation>> = {
  ...settlements,
  "claiming": ({ claim }) => claim(),
  "cancelling it": ({ store }, { id }) => store.cancel(id, reason),
  "extending its lease": ({ store }, job) => store.extend([leaseOf(job)], 5_000),
  "maintain": ({ sweep }) => sweep(),
  "maintenance after its lease": async ({ clock, sweep }) => {
    clock.pass(1_001);
    await sweep();
  },
  "the passing of time": async ({ clock }) => {
    clock.pass(3_600_000);
    await Promise.resolve();
  },
  "claiming after the passing of time": async ({ clock, claim }) => {
    clock.pass(3_600_000);
    await claim();
  },
  "adding it again": ({ add }, { id }) => add({ id, delayMs: 5_000 }),
};

export function describeEveryOperation(test: TestStore): void {
  describe("every operation leads only where the table allows", () => {
    for (const status of jobStatuses) {
      for (const [name, operate] of Object.entries(operations)) {
        test(`${name}, when it is ${status}`, async (scene) => {
          const job = await jobWithStatus[status](scene);
          const before = stated(await scene.get(job.id));
          assert.equal(before.status, status);
          await operate(scene, job);
          const after = stated(await scene.get(job.id));
          assert.ok(
            isAllowed(status, after.status!, name.startsWith("claiming")),
            `${status} -> ${after.status} must stand in the table`,
          );
          if (hasEnded(status)) assert.deepEqual(after, before);
        });
      }
    }
  });
}

/** A claim may make a job ready and take it in one step. */
function isAllowed(from: JobStatus, to: JobStatus, isClaim: boolean): boolean {
  const isEntry = (from: JobStatus, to: JobStatus) => to in transitions[from];
  if (from === to || isEntry(from, to)) return true;
  return isClaim && isEntry(from, "ready") && isEntry("ready", to);
}
