import assert from "node:assert/strict";
import { describe } from "node:test";
import { hasEnded, jobStatuses } from "../../src/store.ts";
import { completed, jobInput, reason } from "./inputs.ts";
import { jobWithStatus } from "./job_with_status.ts";
import { attemptsOf, definedFields, takeTraceEnds } from "./answers.ts";
import type { TestStore } from "./fixture.ts";

export function describeCancelledParents(test: TestStore): void {
  describe("a job whose parent is cancelled", () => {
    test("is stored as cancelled, with that reason", async (fixture) => {
      const { add, store, get, claim, clock } = fixture;
      const parent = await jobWithStatus.cancelled(fixture);
      clock.pass(10);
      for (const fields of [{}, { delayMs: 1_000 }, { priority: 5 }]) {
        const job = await add({ parentId: parent.id, ...fields });
        assert.deepEqual([job.status, job.finishedAt, job.attempts], ["cancelled", clock.now(), 0]);
        assert.deepEqual(job.error, {
          name: "JobCancelledError",
          message: "Its parent was cancelled",
          parentId: parent.id,
        });
        assert.deepEqual(definedFields(await get(job.id)), definedFields(job));
        assert.deepEqual(await attemptsOf(store, job.id), []);
      }
      clock.pass(10_000);
      assert.deepEqual(await claim(), []);
    });

    test("cancels those that depend on it and are its parts, in one call and later", async (fixture) => {
      const { store, add } = fixture;
      const { id: parentId } = await jobWithStatus.cancelled(fixture);
      const child = jobInput({ parentId });
      const grandchild = jobInput({ parentId: child.id });
      const dependent = jobInput({ dependsOn: [child.id] });
      const runs = jobInput({ dependsOn: [child.id], onDependencyFailure: "run" });
      const aside = jobInput();
      const added = await store.add([child, grandchild, dependent, runs, aside]);
      const statuses = added.map(({ job }) => job.status);
      assert.deepEqual(statuses, ["cancelled", "cancelled", "cancelled", "ready", "ready"]);
      assert.equal(added[1]!.job.error?.parentId, child.id);
      assert.equal(added[2]!.job.error?.dependencyId, child.id);
      assert.equal((await add({ parentId: grandchild.id })).status, "cancelled");
    });

    test("is distinguished from the others of its call, which are stored as they are", async (fixture) => {
      const { addAll } = fixture;
      const { id: parentId } = await jobWithStatus.cancelled(fixture);
      const { id: other } = await fixture.add();
      const added = await addAll([{}, { parentId }, { parentId: other }, { delayMs: 5 }]);
      const statuses = added.map(({ job }) => job.status);
      assert.deepEqual(statuses, ["ready", "cancelled", "ready", "scheduled"]);
      assert.ok(added.every(({ deduplicated }) => !deduplicated));
      const sequences = added.map(({ job }) => job.sequence);
      assert.deepEqual(sequences, [...sequences].sort((a, b) => a - b));
    });

    test("has its parent as the reason, also where a dependency failed", async (fixture) => {
      const { add, store, statusOf } = fixture;
      const { id: parentId } = await jobWithStatus.cancelled(fixture);
      const { id: dependency } = await jobWithStatus.failed(fixture);
      const { id, error } = await add({ parentId, dependsOn: [dependency] });
      assert.deepEqual([error?.parentId, error?.dependencyId], [parentId, undefined]);
      await store.retry(dependency);
      assert.equal(await statusOf(id), "cancelled", "It was not cancelled because of that one");
    });

    for (const status of jobStatuses.filter((one) => one !== "cancelled")) {
      test(`is not one whose parent is ${status}`, async (fixture) => {
        const { id: parentId } = await jobWithStatus[status](fixture);
        assert.equal((await fixture.add({ parentId })).status, "ready");
        const [before, after] = await fixture.addAll([{ parentId }, { parentId }]);
        assert.ok(!hasEnded(before!.job.status) && !hasEnded(after!.job.status));
      });
    }

    test("is the first job where it is deduplicated", async (fixture) => {
      const { add, addAll, store } = fixture;
      const { id: parentId } = await add();
      const first = await add({ parentId, idempotencyKey: "once" });
      await store.cancel(parentId, { error: reason });
      const [again] = await addAll([{ parentId, idempotencyKey: "once" }]);
      assert.deepEqual([again!.job.id, again!.job.status], [first.id, "ready"]);
      assert.equal(again!.deduplicated, true);
      const [late] = await addAll([{ parentId, idempotencyKey: "late" }]);
      const [later] = await addAll([{ parentId, idempotencyKey: "late" }]);
      assert.deepEqual([late!.job.status, later!.deduplicated], ["cancelled", true]);
    });

    test("can be retried, and so can its parent", async (fixture) => {
      const { add, store, statusOf } = fixture;
      const { id: parentId } = await jobWithStatus.cancelled(fixture);
      const { id } = await add({ parentId });
      assert.equal((await store.retry(id))?.job.status, "ready");
      await store.retry(parentId);
      assert.equal((await add({ parentId })).status, "ready");
      assert.equal(await statusOf(id), "ready");
    });

    test("ends a trace of its own, and not that of others", async (fixture) => {
      const { add, claimOne, settle } = fixture;
      const { id: parentId, traceId } = await add();
      await fixture.store.cancel(parentId, { error: reason });
      await takeTraceEnds(fixture);
      const { id: own } = await add({ parentId });
      assert.deepEqual((await takeTraceEnds(fixture)).map(({ jobId }) => jobId), [own]);
      await add({ traceId, queueName: "others" });
      await add({ parentId, traceId });
      assert.deepEqual(await takeTraceEnds(fixture), []);
      await settle(await claimOne({ queueName: "others" }), completed);
      assert.deepEqual((await takeTraceEnds(fixture)).map(({ epoch }) => epoch), [2]);
    }, "traceEnds");

    test("keeps a job from being removed no longer than any other", async (fixture) => {
      const { add, store, clock } = fixture;
      const { id: parentId } = await jobWithStatus.cancelled(fixture);
      clock.pass(5_000);
      await store.maintain({ retentionMs: 1_000, limit: 10 });
      assert.equal(await store.get(parentId), undefined);
      assert.equal((await add({ parentId })).status, "ready", "Nobody knows of a removed one");
    });
  });
}
