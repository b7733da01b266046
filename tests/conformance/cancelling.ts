import assert from "node:assert/strict";
import { describe } from "node:test";
import { hasEnded, jobStatuses } from "../../src/store.ts";
import { completed, leaseOf, newJobId, reason } from "./inputs.ts";
import { jobWithStatus } from "./job_with_status.ts";
import { attemptsOf, definedFields } from "./answers.ts";
import type { TestStore } from "./fixture.ts";

export function describeCancelling(test: TestStore): void {
  describe("cancelling", () => {
    for (const status of jobStatuses.filter((status) => !hasEnded(status))) {
      test(`a ${status} job ends with the reason`, async (fixture) => {
        const { store, get, clock, claim } = fixture;
        const { id } = await jobWithStatus[status](fixture);
        clock.pass(10);
        const { job, changed } = (await store.cancel(id, { error: reason }))!;
        const { status: now, finishedAt, error } = job;
        assert.deepEqual([now, finishedAt, error], ["cancelled", clock.now(), reason]);
        assert.equal(changed, true);
        assert.deepEqual(definedFields(await get(id)), definedFields(job));
        clock.pass(100_000);
        assert.ok((await claim()).every((job) => job.id !== id));
      });
    }

    for (const status of jobStatuses.filter(hasEnded)) {
      test(`a ${status} job stays as it is`, async (fixture) => {
        const { store, get, clock } = fixture;
        const { id } = await jobWithStatus[status](fixture);
        const before = definedFields(await get(id));
        clock.pass(10);
        const answer = await store.cancel(id, { error: { name: "Late", message: "too late" } });
        assert.deepEqual(definedFields(answer!.job), before);
        assert.equal(answer!.changed, false);
        assert.deepEqual(definedFields(await get(id)), before);
      });
    }

    test("an unknown job is answered with nothing", async ({ store }) => {
      assert.equal(await store.cancel(newJobId(), { error: reason }), undefined);
    });

    test("a running attempt is remembered, and its lease says cancelled", async (fixture) => {
      const { add, claimOne, settle, store, clock } = fixture;
      const { id } = await add();
      const job = await claimOne();
      clock.pass(30);
      await store.cancel(id, { error: reason });
      const [attempt, ...more] = await attemptsOf(store, id);
      assert.deepEqual(more, []);
      assert.deepEqual(definedFields(attempt!), {
        jobId: id,
        attempt: 1,
        outcome: "cancelled",
        startedAt: clock.now() - 30,
        finishedAt: clock.now(),
        error: reason,
      });
      assert.deepEqual(await store.extend([leaseOf(job)], { leaseMs: 1_000 }), ["cancelled"]);
      assert.equal(await settle(job, completed), "cancelled");
    });

    test("a job that did not run has no attempt to remember", async ({ add, store }) => {
      const { id } = await add();
      await store.cancel(id, { error: reason });
      assert.deepEqual(await attemptsOf(store, id), []);
    });

    test("a cancelled lease is not swept", async ({ add, claimOne, store, clock, sweep }) => {
      const { id } = await add();
      await claimOne({ leaseMs: 1_000 });
      await store.cancel(id, { error: reason });
      clock.pass(5_000);
      assert.deepEqual(await sweep(), []);
    });

    test("dependents are cancelled with it, or run anyway", async (fixture) => {
      const { add, store, statusOf, get } = fixture;
      const { id } = await add();
      const cancels = await add({ dependsOn: [id] });
      const runs = await add({ dependsOn: [id], onDependencyFailure: "run" });
      const behind = await add({ dependsOn: [cancels.id] });
      await store.cancel(id, { error: reason });
      assert.equal(await statusOf(cancels.id), "cancelled");
      assert.equal(await statusOf(behind.id), "cancelled");
      assert.equal(await statusOf(runs.id), "ready");
      assert.match((await get(cancels.id)).error?.message ?? "", new RegExp(id));
    });

    test("its own dependencies run on", async ({ add, store, claimOne, settle, statusOf }) => {
      const { id } = await add();
      const dependent = await add({ dependsOn: [id] });
      await store.cancel(dependent.id, { error: reason });
      await settle(await claimOne(), completed);
      assert.equal(await statusOf(id), "completed");
      assert.equal(await statusOf(dependent.id), "cancelled");
    });

    test("two callers cancel a job once", async ({ add, store, get }) => {
      const { id } = await add();
      const second = { name: "JobCancelledError", message: "the second" };
      const answers = await Promise.all([
        store.cancel(id, { error: reason }),
        store.cancel(id, { error: second }),
      ]);
      const { error } = await get(id);
      assert.ok([reason, second].some(({ message }) => message === error?.message));
      assert.deepEqual(answers.map((one) => one?.job.error), [error, error]);
      assert.deepEqual(answers.map((one) => one?.changed).sort(), [false, true]);
    });
  });
}
