import assert from "node:assert/strict";
import { describe } from "node:test";
import { newJobId } from "../../src/job/ids.ts";
import { hasEnded, jobStatuses } from "../../src/job/status.ts";
import { completed, reason } from "./changes.ts";
import { leaseOf } from "./settlement.ts";
import { jobWithStatus } from "./job_with_status.ts";
import { stated } from "./stated.ts";
import type { TestStore } from "./test_store.ts";

export function describeCancelling(test: TestStore): void {
  describe("cancelling", () => {
    for (const status of jobStatuses.filter((status) => !hasEnded(status))) {
      test(`a ${status} job ends with the reason`, async (scene) => {
        const { store, get, clock, claim } = scene;
        const { id } = await jobWithStatus[status](scene);
        clock.pass(10);
        const { job, changed } = (await store.cancel(id, reason))!;
        const { status: now, finishedAt, error } = job;
        assert.deepEqual([now, finishedAt, error], ["cancelled", clock.now(), reason]);
        assert.equal(changed, true);
        assert.deepEqual(stated(await get(id)), stated(job));
        clock.pass(100_000);
        assert.ok((await claim()).every((job) => job.id !== id));
      });
    }

    for (const status of jobStatuses.filter(hasEnded)) {
      test(`a ${status} job stays as it is`, async (scene) => {
        const { store, get, clock } = scene;
        const { id } = await jobWithStatus[status](scene);
        const before = stated(await get(id));
        clock.pass(10);
        const answer = await store.cancel(id, { name: "Late", message: "too late" });
        assert.deepEqual(stated(answer!.job), before);
        assert.equal(answer!.changed, false);
        assert.deepEqual(stated(await get(id)), before);
      });
    }

    test("an unknown job is answered with nothing", async ({ store }) => {
      assert.equal(await store.cancel(newJobId(), reason), undefined);
    });

    test("a running attempt is remembered, and its lease says cancelled", async (scene) => {
      const { add, claimOne, settle, store, clock } = scene;
      const { id } = await add();
      const job = await claimOne();
      clock.pass(30);
      await store.cancel(id, reason);
      const [attempt, ...more] = await store.attempts({ jobIds: [id] });
      assert.deepEqual(more, []);
      assert.deepEqual(stated(attempt!), {
        jobId: id,
        attempt: 1,
        outcome: "cancelled",
        startedAt: clock.now() - 30,
        finishedAt: clock.now(),
        error: reason,
      });
      assert.deepEqual(await store.extend([leaseOf(job)], 1_000), ["cancelled"]);
      assert.equal(await settle(job, completed), "cancelled");
    });

    test("a job that did not run has no attempt to remember", async ({ add, store }) => {
      const { id } = await add();
      await store.cancel(id, reason);
      assert.deepEqual(await store.attempts({ jobIds: [id] }), []);
    });

    test("a cancelled lease is not swept", async ({ add, claimOne, store, clock, sweep }) => {
      const { id } = await add();
      await claimOne({ leaseMs: 1_000 });
      await store.cancel(id, reason);
      clock.pass(5_000);
      assert.deepEqual(await sweep(), []);
    });

    test("dependents are cancelled with it, or run anyway", async (scene) => {
      const { add, store, statusOf, get } = scene;
      const { id } = await add();
      const cancels = await add({ dependsOn: [id] });
      const runs = await add({ dependsOn: [id], onDependencyFailure: "run" });
      const behind = await add({ dependsOn: [cancels.id] });
      await store.cancel(id, reason);
      assert.equal(await statusOf(cancels.id), "cancelled");
      assert.equal(await statusOf(behind.id), "cancelled");
      assert.equal(await statusOf(runs.id), "ready");
      assert.match((await get(cancels.id)).error?.message ?? "", new RegExp(id));
    });

    test("its own dependencies run on", async ({ add, store, claimOne, settle, statusOf }) => {
      const { id } = await add();
      const dependent = await add({ dependsOn: [id] });
      await store.cancel(dependent.id, reason);
      await settle(await claimOne(), completed);
      assert.equal(await statusOf(id), "completed");
      assert.equal(await statusOf(dependent.id), "cancelled");
    });

    test("two callers cancel a job once", async ({ add, store, get }) => {
      const { id } = await add();
      const second = { name: "JobCancelledError", message: "the second" };
      const answers = await Promise.all([store.cancel(id, reason), store.cancel(id, second)]);
      const { error } = await get(id);
      assert.ok([reason, second].some(({ message }) => message === error?.message));
      assert.deepEqual(answers.map((one) => one?.job.error), [error, error]);
      assert.deepEqual(answers.map((one) => one?.changed).sort(), [false, true]);
    });
  });
}
