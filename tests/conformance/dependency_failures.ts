import assert from "node:assert/strict";
import { describe } from "node:test";
import { attemptsOf } from "./answers.ts";
import { completed, failed, jobInput, reason, settlement } from "./inputs.ts";
import type { TestStore } from "./fixture.ts";

export function describeDependencyFailures(test: TestStore): void {
  describe("a dependency that does not complete", () => {
    test("cancels its dependents, which say why", async (fixture) => {
      const { add, claimOne, settle, get, clock, store } = fixture;
      const { id } = await add();
      const dependent = await add({ dependsOn: [id] });
      await settle(await claimOne(), failed);
      const { status, finishedAt, error, attempts } = await get(dependent.id);
      assert.deepEqual([status, finishedAt, attempts], ["cancelled", clock.now(), 0]);
      assert.equal(error?.name, "JobCancelledError");
      assert.match(error?.message ?? "", new RegExp(id));
      assert.deepEqual(await attemptsOf(store, dependent.id), []);
    });

    test("is named: of those that end in one step the first that the dependent names", async (fixture) => {
      const { addAll, add, claim, store, get } = fixture;
      const ids = (await addAll([{}, {}, {}])).map(({ job }) => job.id);
      const [a, b, c] = ids as [string, string, string];
      const inOrders = [[a, b, c], [c, b, a], [b, c, a], [c, a]];
      const dependents = await addAll(inOrders.map((dependsOn) => ({ dependsOn })));
      const below = await add({ dependsOn: [a, dependents[0]!.job.id] });
      // Whichever is looked at first: the dependent ends because of that end, not together with it.
      const beside = await add({ dependsOn: [dependents[0]!.job.id, a] });
      const [first, second, third] = await claim();
      const settlements = [
        settlement(third!, completed),
        settlement(second!, failed),
        settlement(first!, failed),
      ];
      await store.settleAndClaim({ settlements, claims: [] });
      const named = await Promise.all(
        [...dependents.map(({ job }) => job), below, beside].map(async ({ id }) =>
          (await get(id)).error
        ),
      );
      assert.deepEqual(named.map((error) => error?.dependencyId), [a, b, b, a, a, a]);
      for (const error of named) assert.match(error!.message, new RegExp(error!.dependencyId!));
    });

    test("is named in each link of a chain", async ({ add, store, get }) => {
      const first = await add();
      const second = await add({ dependsOn: [first.id] });
      const third = await add({ dependsOn: [second.id] });
      await store.cancel(first.id, { error: reason });
      assert.equal((await get(first.id)).error?.dependencyId, undefined);
      assert.equal((await get(second.id)).error?.dependencyId, first.id);
      assert.equal((await get(third.id)).error?.dependencyId, second.id);
    });

    test("frees dependents that run anyway", async (fixture) => {
      const { add, claimOne, settle, statusOf } = fixture;
      const { id } = await add();
      const dependent = await add({ dependsOn: [id], onDependencyFailure: "run" });
      await settle(await claimOne(), failed);
      assert.equal(await statusOf(dependent.id), "ready");
    });

    test("does not free dependents that still wait for another", async (fixture) => {
      const { addAll, add, claimOne, settle, statusOf } = fixture;
      const dependsOn = (await addAll([{}, {}])).map(({ job }) => job.id);
      const dependent = await add({ dependsOn, onDependencyFailure: "run" });
      await settle(await claimOne(), failed);
      assert.equal(await statusOf(dependent.id), "blocked");
      await settle(await claimOne(), completed);
      assert.equal(await statusOf(dependent.id), "ready");
    });

    test("cancels a dependent while another of its dependencies runs on", async (fixture) => {
      const { addAll, add, claim, settle, get } = fixture;
      const dependsOn = (await addAll([{}, {}])).map(({ job }) => job.id);
      const dependent = await add({ dependsOn });
      const [first, second] = await claim();
      await settle(first!, failed);
      const before = await get(dependent.id);
      assert.equal(before.status, "cancelled");
      await settle(second!, completed);
      assert.deepEqual(await get(dependent.id), before);
    });

    test("cancels only those who asked for it", async (fixture) => {
      const { add, addAll, claimOne, settle } = fixture;
      const dependsOn = [(await add()).id];
      await addAll(Array(3).fill({ dependsOn, queueName: "cancels" }));
      await addAll(Array(2).fill({ dependsOn, queueName: "runs", onDependencyFailure: "run" }));
      await settle(await claimOne(), failed);
      const counts = (await fixture.store.counts()).map((one) => [
        one.queueName,
        one.status,
        one.count,
      ]);
      assert.deepEqual(counts.sort(), [
        ["cancels", "cancelled", 3],
        ["orders", "failed", 1],
        ["runs", "ready", 2],
      ]);
    });

    test("cancels along a chain, up to a job that runs anyway", async (fixture) => {
      const { store, statusOf, claimOne, settle } = fixture;
      const first = jobInput();
      const second = jobInput({ dependsOn: [first.id] });
      const third = jobInput({ dependsOn: [second.id] });
      const cleanUp = jobInput({ dependsOn: [third.id], onDependencyFailure: "run" });
      const afterwards = jobInput({ dependsOn: [cleanUp.id] });
      await store.add([first, second, third, cleanUp, afterwards]);
      await settle(await claimOne(), failed);
      assert.equal(await statusOf(second.id), "cancelled");
      assert.equal(await statusOf(third.id), "cancelled");
      assert.equal(await statusOf(cleanUp.id), "ready");
      assert.equal(await statusOf(afterwards.id), "blocked");
      await settle(await claimOne(), completed);
      assert.equal(await statusOf(afterwards.id), "ready");
    });

    test("cancels the foot of a diamond, over both sides or over one", async (fixture) => {
      const { store, statusOf } = fixture;
      const top = jobInput();
      const left = jobInput({ dependsOn: [top.id] });
      const right = jobInput({ dependsOn: [top.id], onDependencyFailure: "run" });
      const foot = jobInput({ dependsOn: [left.id, right.id] });
      const both = jobInput({ dependsOn: [top.id, left.id] });
      await store.add([top, left, right, foot, both]);
      await store.cancel(top.id, { error: reason });
      assert.equal(await statusOf(right.id), "ready");
      assert.equal(await statusOf(foot.id), "cancelled");
      assert.equal(await statusOf(both.id), "cancelled");
    });

    test("cancels a dependent that was for a later time", async (fixture) => {
      const { add, claimOne, settle, statusOf, clock, claim } = fixture;
      const { id } = await add();
      const dependent = await add({ dependsOn: [id], delayMs: 1_000 });
      await settle(await claimOne(), failed);
      assert.equal(await statusOf(dependent.id), "cancelled");
      clock.pass(1_000);
      assert.deepEqual(await claim(), []);
    });
  });
}
