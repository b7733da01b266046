import assert from "node:assert/strict";
import { describe } from "node:test";
import { completed, failed, jobInput, reason } from "./inputs.ts";
import type { Fixture, TestStore } from "./fixture.ts";

export function describeRemovedJobs(test: TestStore): void {
  describe("when a job was removed", () => {
    test("a removed job's key and id are free again", async (fixture) => {
      const { store } = fixture;
      const input = jobInput({ idempotencyKey: "order 1" });
      const first = await store.add([input]);
      await store.cancel(input.id, { error: reason });
      await remove(fixture);
      const [again] = await store.add([input]);
      assert.deepEqual([again?.deduplicated, again?.job.status], [false, "ready"]);
      assert.ok(again!.job.sequence > first[0]!.job.sequence);
    });

    test("an id that is used again is not the job that was removed", async (fixture) => {
      const { add, store, claimOne, settle, statusOf } = fixture;
      const [open, other] = [await add({ priority: 1 }), await add()];
      const input = jobInput({ dependsOn: [open.id] });
      await store.add([input]);
      await store.cancel(input.id, { error: reason });
      await remove(fixture);
      await store.add([{ ...input, dependsOn: [other.id] }]);
      await settle(await claimOne(), failed);
      assert.equal(await statusOf(input.id), "blocked");
      await settle(await claimOne(), completed);
      assert.equal(await statusOf(input.id), "ready");
    });

    test("an id can wait again for what the removed job waited for", async (fixture) => {
      const { add, store, claimOne, settle, statusOf } = fixture;
      const { id } = await add();
      const input = jobInput({ dependsOn: [id] });
      await store.add([input]);
      await store.cancel(input.id, { error: reason });
      await remove(fixture);
      await store.add([input]);
      assert.equal(await statusOf(input.id), "blocked");
      await settle(await claimOne(), completed);
      assert.equal(await statusOf(input.id), "ready");
    });
  });
}

async function remove({ store, clock }: Fixture): Promise<void> {
  clock.pass(1_000);
  const { removed } = await store.maintain({ retentionMs: 1, limit: 100 });
  assert.equal(removed, 1);
}
