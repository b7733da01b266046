import assert from "node:assert/strict";
import { describe } from "node:test";
import { hasEnded, jobStatuses } from "../../src/job/status.ts";
import { completed, failed, reason, retrying } from "./changes.ts";
import { jobInput } from "./job_input.ts";
import { jobWithStatus } from "./job_with_status.ts";
import type { Scene } from "./scene.ts";
import { stated } from "./stated.ts";
import type { TestStore } from "./test_store.ts";
import { jobsFound } from "./jobs_found.ts";

const retentionMs = 10_000;

export function describeRetention(test: TestStore): void {
  describe("retention", () => {
    for (const status of jobStatuses.filter(hasEnded)) {
      test(`a ${status} job is removed when its time is over, not before`, async (scene) => {
        const { id } = await jobWithStatus[status](scene);
        scene.clock.pass(retentionMs - 1);
        assert.equal(await removed(scene), 0);
        assert.equal(await scene.statusOf(id), status);
        scene.clock.pass(2);
        assert.equal(await removed(scene), 1);
        assert.equal(await scene.store.get(id), undefined);
        assert.deepEqual(await scene.store.attempts({ jobIds: [id] }), []);
        assert.deepEqual(await jobsFound(scene.store, { limit: 10 }), []);
      });
    }

    for (const status of jobStatuses.filter((one) => !hasEnded(one) && one !== "running")) {
      test(`a ${status} job is kept, however old it is`, async (scene) => {
        const { id } = await jobWithStatus[status](scene);
        scene.clock.pass(1_000 * retentionMs);
        assert.equal(await removed(scene), 0);
        assert.equal(await scene.statusOf(id), status);
      });
    }

    test("a job that runs for long is kept", async ({ add, claimOne, store, clock, statusOf }) => {
      const { id } = await add();
      await claimOne({ leaseMs: 10 * retentionMs });
      clock.pass(9 * retentionMs);
      const result = await store.maintain({ retentionMs, limit: 10 });
      assert.deepEqual({ ...result }, { expired: [], refused: [], removed: 0 });
      assert.equal(await statusOf(id), "running");
    });

    test("time counts from the end, not from the start", async (scene) => {
      const { add, claimOne, settle, clock } = scene;
      await add();
      clock.pass(2 * retentionMs);
      await settle(await claimOne(), completed);
      assert.equal(await removed(scene), 0);
    });

    test("the oldest go first, in batches of the limit", async (scene) => {
      const { addAll, store, clock } = scene;
      const ids = (await addAll(Array(5).fill({}))).map(({ job }) => job.id);
      const inOrderOfEnd = [ids[3]!, ids[0]!, ids[4]!, ids[1]!, ids[2]!];
      for (const id of inOrderOfEnd) {
        await store.cancel(id, reason);
        clock.pass(10);
      }
      clock.pass(2 * retentionMs);
      for (const gone of [2, 4, 5]) {
        await removed(scene, 2);
        const kept = (await jobsFound(store, { limit: 10 })).map(({ id }) => id);
        assert.deepEqual(new Set(kept), new Set(inOrderOfEnd.slice(gone)));
      }
      assert.equal(await removed(scene, 2), 0);
    });

    test("attempts of another job stay", async (scene) => {
      const { add, claimOne, settle, clock, store } = scene;
      const [gone, kept] = [await add({ priority: 1 }), await add()];
      await settle(await claimOne(), failed);
      await settle(await claimOne(), retrying);
      clock.pass(2 * retentionMs);
      assert.equal(await removed(scene), 1);
      assert.deepEqual(await store.attempts({ jobIds: [gone.id] }), []);
      assert.equal((await store.attempts({ jobIds: [kept.id] })).length, 1);
    });

    test("those who depended on a removed job, or are its children, stay as they are", async (scene) => {
      const { add, claimOne, settle, clock, store, get, statusOf } = scene;
      const [first, second] = [await add({ priority: 1 }), await add()];
      const child = await add({ dependsOn: [first.id, second.id], parentId: first.id });
      await settle(await claimOne(), completed);
      clock.pass(2 * retentionMs);
      const before = stated(await get(child.id));
      assert.equal(await removed(scene), 1);
      assert.deepEqual(stated(await get(child.id)), before);
      assert.equal((await jobsFound(store, { parentId: first.id, limit: 10 })).length, 1);
      await settle(await claimOne(), completed);
      assert.equal(await statusOf(child.id), "ready");
    });

    test("a removed job is unknown as a dependency", async (scene) => {
      const { add, store, clock } = scene;
      const { id } = await add();
      await store.cancel(id, reason);
      clock.pass(2 * retentionMs);
      await removed(scene);
      await assert.rejects(store.add([jobInput({ dependsOn: [id] })]), RangeError);
    });
  });
}

async function removed({ store }: Scene, limit = 100): Promise<number> {
  return (await store.maintain({ retentionMs, limit })).removed;
}
