import assert from "node:assert/strict";
import { describe } from "node:test";
import { completed, failed, reason } from "./changes.ts";
import { jobInput } from "./job_input.ts";
import type { Scene } from "./scene.ts";
import type { TestStore } from "./test_store.ts";

export function describeFreeAgain(test: TestStore): void {
  describe("when a job was removed", () => {
    test("a removed job's key and id are free again", async (scene) => {
      const { store } = scene;
      const input = jobInput({ idempotencyKey: "order 1" });
      const first = await store.add([input]);
      await store.cancel(input.id, reason);
      await remove(scene);
      const [again] = await store.add([input]);
      assert.deepEqual([again?.deduplicated, again?.job.status], [false, "ready"]);
      assert.ok(again!.job.sequence > first[0]!.job.sequence);
    });

    test("an id that is used again is not the job that was removed", async (scene) => {
      const { add, store, claimOne, settle, statusOf } = scene;
      const [open, other] = [await add({ priority: 1 }), await add()];
      const input = jobInput({ dependsOn: [open.id] });
      await store.add([input]);
      await store.cancel(input.id, reason);
      await remove(scene);
      await store.add([{ ...input, dependsOn: [other.id] }]);
      await settle(await claimOne(), failed);
      assert.equal(await statusOf(input.id), "blocked");
      await settle(await claimOne(), completed);
      assert.equal(await statusOf(input.id), "ready");
    });

    test("an id can wait again for what the removed job waited for", async (scene) => {
      const { add, store, claimOne, settle, statusOf } = scene;
      const { id } = await add();
      const input = jobInput({ dependsOn: [id] });
      await store.add([input]);
      await store.cancel(input.id, reason);
      await remove(scene);
      await store.add([input]);
      assert.equal(await statusOf(input.id), "blocked");
      await settle(await claimOne(), completed);
      assert.equal(await statusOf(input.id), "ready");
    });
  });
}

async function remove({ store, clock }: Scene): Promise<void> {
  clock.pass(1_000);
  const { removed } = await store.maintain({ retentionMs: 1, limit: 100 });
  assert.equal(removed, 1);
}
