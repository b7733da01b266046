import assert from "node:assert/strict";
import { describe } from "node:test";
import { completed, failed, jobInput, reason } from "./inputs.ts";
import type { TestStore } from "./fixture.ts";

export function describeEndedDependencies(test: TestStore): void {
  describe("a dependency that had ended before", () => {
    test("and completed holds up nobody", async ({ add, claimOne, settle }) => {
      const { id } = await add();
      await settle(await claimOne(), completed);
      assert.equal((await add({ dependsOn: [id] })).status, "ready");
    });

    test("and failed cancels the dependent at once", async (fixture) => {
      const { add, claimOne, settle, clock } = fixture;
      const { id } = await add();
      await settle(await claimOne(), failed);
      const { status, finishedAt, error } = await add({ dependsOn: [id] });
      assert.deepEqual([status, finishedAt], ["cancelled", clock.now()]);
      assert.equal(error?.name, "JobCancelledError");
      assert.match(error?.message ?? "", new RegExp(id));
    });

    test("is named when it failed: of several the first that the dependent names", async (fixture) => {
      const { addAll, add, claim, settle, store } = fixture;
      const [a, b, c] = (await addAll([{}, {}, {}])).map(({ job }) => job.id);
      const [first, second] = await claim();
      await store.cancel(c!, { error: reason });
      await settle(second!, failed);
      await settle(first!, failed);
      const inOrders = [[a, b, c], [c, b, a], [b, c, a], [b, a, c]] as string[][];
      for (const dependsOn of inOrders) {
        const { error } = await add({ dependsOn });
        const as = dependsOn[0] === c ? "was cancelled" : "failed";
        assert.deepEqual(error, {
          name: "JobCancelledError",
          message: `Its dependency ${dependsOn[0]} ${as}`,
          dependencyId: dependsOn[0],
        });
      }
    });

    test("and was cancelled cancels the dependent at once", async ({ add, store, get }) => {
      const { id } = await add();
      await store.cancel(id, { error: reason });
      const dependent = await add({ dependsOn: [id] });
      assert.equal(dependent.status, "cancelled");
      assert.equal((await get(dependent.id)).status, "cancelled");
    });

    test("and did not complete holds up nobody who runs anyway", async (fixture) => {
      const { addAll, add, claimOne, settle, store } = fixture;
      const [fails, cancelled] = (await addAll([{}, {}])).map(({ job }) => job.id);
      await settle(await claimOne(), failed);
      await store.cancel(cancelled!, { error: reason });
      const dependsOn = [fails!, cancelled!];
      assert.equal((await add({ dependsOn, onDependencyFailure: "run" })).status, "ready");
    });

    test("counts as ended beside one that still runs", async (fixture) => {
      const { add, claimOne, settle, statusOf } = fixture;
      const [ended, open] = [await add(), await add()];
      await settle(await claimOne(), completed);
      const { id } = await add({ dependsOn: [ended.id, open.id] });
      assert.equal(await statusOf(id), "blocked");
      await settle(await claimOne(), completed);
      assert.equal(await statusOf(id), "ready");
    });

    test("cancels along a chain that is added behind it", async (fixture) => {
      const { add, claimOne, settle, store } = fixture;
      const { id } = await add();
      await settle(await claimOne(), failed);
      const first = jobInput({ dependsOn: [id] });
      const second = jobInput({ dependsOn: [first.id] });
      const third = jobInput({ dependsOn: [second.id], onDependencyFailure: "run" });
      const added = await store.add([first, second, third]);
      assert.deepEqual(added.map(({ job }) => job.status), ["cancelled", "cancelled", "ready"]);
    });
  });
}
