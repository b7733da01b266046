import assert from "node:assert/strict";
import { describe } from "node:test";
import {
  completed,
  defaultQueue,
  failed,
  neverStarted,
  reason,
  released,
  retrying,
  settlement,
  snoozed,
} from "./inputs.ts";
import type { TestStore } from "./fixture.ts";

export function describeSettleAndClaim(test: TestStore): void {
  describe("settleAndClaim", () => {
    test("outcomes are recorded before claims: a dependent starts at once", async (fixture) => {
      const { add, claimOne, store } = fixture;
      const { id } = await add();
      const dependent = await add({ dependsOn: [id] });
      const { settled, claimed } = await store.settleAndClaim({
        settlements: [settlement(await claimOne(), completed)],
        claims: [{ queueName: defaultQueue, limit: 10, leaseMs: 1_000 }],
      });
      assert.deepEqual(settled, ["held"]);
      assert.deepEqual(claimed.map((job) => job.id), [dependent.id]);
    });

    test("what is snoozed for no time can be claimed again", async ({ add, claimOne, store }) => {
      const { id } = await add();
      const { settled, claimed } = await store.settleAndClaim({
        settlements: [settlement(await claimOne(), { ...snoozed, delayMs: 0 })],
        claims: [{ queueName: defaultQueue, limit: 10, leaseMs: 1_000 }],
      });
      assert.deepEqual(settled, ["held"]);
      assert.deepEqual(claimed.map((job) => [job.id, job.attempts, job.snoozes]), [[id, 1, 1]]);
    });

    test("what was released, or retries at once, can be claimed again", async (fixture) => {
      const { addAll, claim, store } = fixture;
      await addAll([{}, {}]);
      const [first, second] = await claim();
      const { claimed } = await store.settleAndClaim({
        settlements: [
          settlement(first!, released),
          settlement(second!, { ...retrying, delayMs: 0 }),
        ],
        claims: [{ queueName: defaultQueue, limit: 10, leaseMs: 1_000 }],
      });
      const attempts = new Map(claimed.map((job) => [job.id, job.attempts]));
      assert.deepEqual(attempts, new Map([[first!.id, 1], [second!.id, 2]]));
    });

    for (
      const [name, first] of Object.entries({ completed, failed, retrying, snoozed, released })
    ) {
      test(`of two outcomes of one attempt the first counts (${name})`, async (fixture) => {
        const { add, claimOne, store, statusOf } = fixture;
        const { id } = await add();
        const { id: dependent } = await add({ dependsOn: [id] });
        const job = await claimOne();
        for (const second of [completed, failed, retrying, snoozed, released, neverStarted]) {
          const settlements = [first, second, second].map((change) => settlement(job, change));
          const { settled } = await store.settleAndClaim({ settlements, claims: [] });
          const isHeld = second === completed;
          assert.deepEqual(settled, [isHeld ? "held" : "lost", "lost", "lost"]);
          assert.equal(await statusOf(id), first.status);
          const next = first.status === "completed"
            ? "ready"
            : first.status === "failed"
            ? "cancelled"
            : "blocked";
          assert.equal(await statusOf(dependent), next);
        }
      });

      test(`of two outcomes of an attempt that completes alone the first counts (${name})`, async (fixture) => {
        const { add, claimOne, store, get } = fixture;
        const { id } = await add();
        const job = await claimOne();
        const settlements = [first, completed].map((change) => settlement(job, change));
        const { settled } = await store.settleAndClaim({ settlements, claims: [] });
        assert.deepEqual(settled, ["held", "lost"]);
        assert.equal((await get(id)).status, first.status);
      });
    }

    test("two outcomes of a cancelled attempt are both told so", async (fixture) => {
      const { add, claimOne, store } = fixture;
      const { id } = await add();
      const job = await claimOne();
      await store.cancel(id, { error: reason });
      const settlements = [completed, failed].map((change) => settlement(job, change));
      const { settled } = await store.settleAndClaim({ settlements, claims: [] });
      assert.deepEqual(settled, ["cancelled", "cancelled"]);
    });

    test("hundreds of outcomes are recorded in one call", async ({ addAll, claim, store }) => {
      await addAll(Array(500).fill({}));
      const settlements = (await claim()).map((job) => settlement(job, completed));
      const { settled } = await store.settleAndClaim({ settlements, claims: [] });
      assert.deepEqual(settled, Array(500).fill("held"));
      const counts = await store.counts();
      assert.deepEqual(counts.map(({ status, count }) => [status, count]), [["completed", 500]]);
    });
  });
}
