import assert from "node:assert/strict";
import { describe } from "node:test";
import { hasEnded, jobStatuses } from "../../src/job/status.ts";
import { completed, reason } from "./changes.ts";
import { jobInput } from "./job_input.ts";
import { jobWithStatus } from "./job_with_status.ts";
import { stated } from "./stated.ts";
import { takeEnds } from "./take_ends.ts";
import type { TestStore } from "./test_store.ts";

export function describeCancelledParents(test: TestStore): void {
  describe("a job whose parent is cancelled", () => {
    test("is stored as cancelled, with that reason", async (scene) => {
      const { add, store, get, claim, clock } = scene;
      const parent = await jobWithStatus.cancelled(scene);
      clock.pass(10);
      for (const fields of [{}, { delayMs: 1_000 }, { priority: 5 }]) {
        const job = await add({ parentId: parent.id, ...fields });
        assert.deepEqual([job.status, job.finishedAt, job.attempts], ["cancelled", clock.now(), 0]);
        assert.deepEqual(job.error, {
          name: "JobCancelledError",
          message: "Its parent was cancelled",
          parentId: parent.id,
        });
        assert.deepEqual(stated(await get(job.id)), stated(job));
        assert.deepEqual(await store.attempts({ jobIds: [job.id] }), []);
      }
      clock.pass(10_000);
      assert.deepEqual(await claim(), []);
    });

    test("cancels those that depend on it and are its parts, in one call and later", async (scene) => {
      const { store, add } = scene;
      const { id: parentId } = await jobWithStatus.cancelled(scene);
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

    test("is told apart from the others of its call, which are stored as they are", async (scene) => {
      const { addAll } = scene;
      const { id: parentId } = await jobWithStatus.cancelled(scene);
      const { id: other } = await scene.add();
      const added = await addAll([{}, { parentId }, { parentId: other }, { delayMs: 5 }]);
      const statuses = added.map(({ job }) => job.status);
      assert.deepEqual(statuses, ["ready", "cancelled", "ready", "scheduled"]);
      assert.ok(added.every(({ deduplicated }) => !deduplicated));
      const sequences = added.map(({ job }) => job.sequence);
      assert.deepEqual(sequences, [...sequences].sort((a, b) => a - b));
    });

    test("has its parent as the reason, also where a dependency failed", async (scene) => {
      const { add, store, statusOf } = scene;
      const { id: parentId } = await jobWithStatus.cancelled(scene);
      const { id: dependency } = await jobWithStatus.failed(scene);
      const { id, error } = await add({ parentId, dependsOn: [dependency] });
      assert.deepEqual([error?.parentId, error?.dependencyId], [parentId, undefined]);
      await store.retry(dependency);
      assert.equal(await statusOf(id), "cancelled", "It was not cancelled because of that one");
    });

    for (const status of jobStatuses.filter((one) => one !== "cancelled")) {
      test(`is not one whose parent is ${status}`, async (scene) => {
        const { id: parentId } = await jobWithStatus[status](scene);
        assert.equal((await scene.add({ parentId })).status, "ready");
        const [before, after] = await scene.addAll([{ parentId }, { parentId }]);
        assert.ok(!hasEnded(before!.job.status) && !hasEnded(after!.job.status));
      });
    }

    test("is the first job where it is deduplicated", async (scene) => {
      const { add, addAll, store } = scene;
      const { id: parentId } = await add();
      const first = await add({ parentId, idempotencyKey: "once" });
      await store.cancel(parentId, reason);
      const [again] = await addAll([{ parentId, idempotencyKey: "once" }]);
      assert.deepEqual([again!.job.id, again!.job.status], [first.id, "ready"]);
      assert.equal(again!.deduplicated, true);
      const [late] = await addAll([{ parentId, idempotencyKey: "late" }]);
      const [later] = await addAll([{ parentId, idempotencyKey: "late" }]);
      assert.deepEqual([late!.job.status, later!.deduplicated], ["cancelled", true]);
    });

    test("can be retried, and so can its parent", async (scene) => {
      const { add, store, statusOf } = scene;
      const { id: parentId } = await jobWithStatus.cancelled(scene);
      const { id } = await add({ parentId });
      assert.equal((await store.retry(id))?.job.status, "ready");
      await store.retry(parentId);
      assert.equal((await add({ parentId })).status, "ready");
      assert.equal(await statusOf(id), "ready");
    });

    test("ends a trace of its own, and not that of others", async (scene) => {
      const { add, claimOne, settle } = scene;
      const { id: parentId, traceId } = await add();
      await scene.store.cancel(parentId, reason);
      await takeEnds(scene);
      const { id: own } = await add({ parentId });
      assert.deepEqual((await takeEnds(scene)).map(({ jobId }) => jobId), [own]);
      await add({ traceId, queueName: "others" });
      await add({ parentId, traceId });
      assert.deepEqual(await takeEnds(scene), []);
      await settle(await claimOne({ queueName: "others" }), completed);
      assert.deepEqual((await takeEnds(scene)).map(({ epoch }) => epoch), [2]);
    });

    test("keeps a job from being removed no longer than any other", async (scene) => {
      const { add, store, clock } = scene;
      const { id: parentId } = await jobWithStatus.cancelled(scene);
      clock.pass(5_000);
      await store.maintain({ retentionMs: 1_000, limit: 10 });
      assert.equal(await store.get(parentId), undefined);
      assert.equal((await add({ parentId })).status, "ready", "Nobody knows of a removed one");
    });
  });
}
