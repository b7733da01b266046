import assert from "node:assert/strict";
import { describe } from "node:test";
import { completed, jobInput, released, retrying } from "./inputs.ts";
import type { TestStore } from "./fixture.ts";

export function describeDependencies(test: TestStore): void {
  describe("dependencies", () => {
    test("a job starts only after all of its dependencies ended", async (fixture) => {
      const { addAll, add, claimOne, settle, statusOf } = fixture;
      const dependencies = (await addAll(Array(3).fill({}))).map(({ job }) => job.id);
      const { id } = await add({ dependsOn: dependencies });
      for (const _ of dependencies) {
        assert.equal(await statusOf(id), "blocked");
        const job = await claimOne();
        assert.notEqual(job.id, id);
        await settle(job, completed);
      }
      assert.equal((await claimOne()).id, id);
    });

    test("a graph that is added in one call runs in its order", async (fixture) => {
      const { store, claim, settle } = fixture;
      const a = jobInput({ payload: '"a"' });
      const b = jobInput({ payload: '"b"', dependsOn: [a.id] });
      const c = jobInput({ payload: '"c"', dependsOn: [a.id] });
      const d = jobInput({ payload: '"d"', dependsOn: [b.id, c.id] });
      await store.add([a, b, c, d]);
      const rounds: string[][] = [];
      for (let jobs = await claim(); jobs.length > 0; jobs = await claim()) {
        rounds.push(jobs.map(({ payload }) => JSON.parse(payload)));
        for (const job of jobs) await settle(job, completed);
      }
      assert.deepEqual(rounds, [["a"], ["b", "c"], ["d"]]);
    });

    test("an attempt that did not end its job frees nobody", async (fixture) => {
      const { add, claimOne, settle, statusOf, clock, sweep } = fixture;
      const { id } = await add();
      const dependent = await add({ dependsOn: [id] });
      await settle(await claimOne(), released);
      assert.equal(await statusOf(dependent.id), "blocked");
      await settle(await claimOne(), retrying);
      assert.equal(await statusOf(dependent.id), "blocked");
      clock.pass(1_000);
      await claimOne({ leaseMs: 1_000 });
      clock.pass(1_001);
      await sweep();
      assert.equal(await statusOf(dependent.id), "blocked");
      await settle(await claimOne(), completed);
      assert.equal(await statusOf(dependent.id), "ready");
    });

    test("a dependent in another queue is freed too", async (fixture) => {
      const { add, claimOne, settle } = fixture;
      const { id } = await add({ queueName: "payments" });
      const dependent = await add({ queueName: "mails", dependsOn: [id] });
      await settle(await claimOne({ queueName: "payments" }), completed);
      assert.equal((await claimOne({ queueName: "mails" })).id, dependent.id);
    });

    test("waitMs of a dependent never counts from before it was added", async (fixture) => {
      const { add, claimOne, settle, clock } = fixture;
      const { id } = await add();
      clock.pass(5_000);
      await add({ dependsOn: [id] });
      clock.pass(10);
      await settle(await claimOne(), completed);
      const { waitMs } = await claimOne();
      assert.ok(waitMs >= 0 && waitMs <= 10);
    });
  });

  describe("a dependent for a later time", () => {
    test("waits for its time once its dependencies ended", async (fixture) => {
      const { add, claim, claimOne, settle, statusOf, clock } = fixture;
      const { id } = await add();
      const dependent = await add({ dependsOn: [id], delayMs: 1_000 });
      assert.equal(await statusOf(dependent.id), "blocked");
      await settle(await claimOne(), completed);
      assert.equal(await statusOf(dependent.id), "scheduled");
      assert.deepEqual(await claim(), []);
      clock.pass(1_000);
      assert.equal((await claimOne()).id, dependent.id);
    });

    test("is ready at once when its time has come before", async (fixture) => {
      const { add, claim, claimOne, settle, statusOf, clock } = fixture;
      await add();
      const job = await claimOne();
      const dependent = await add({ dependsOn: [job.id], delayMs: 1_000 });
      clock.pass(2_000);
      assert.deepEqual(await claim(), []);
      await settle(job, completed);
      assert.equal(await statusOf(dependent.id), "ready");
    });

    test("is scheduled when its dependency had ended before", async (fixture) => {
      const { add, claimOne, settle } = fixture;
      const { id } = await add();
      await settle(await claimOne(), completed);
      assert.equal((await add({ dependsOn: [id], delayMs: 1_000 })).status, "scheduled");
    });
  });
}
