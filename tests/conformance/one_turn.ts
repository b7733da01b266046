import assert from "node:assert/strict";
import { describe } from "node:test";
import { completed, handedBack, retrying } from "./changes.ts";
import { defaultQueue } from "./job_input.ts";
import { settlement } from "./settlement.ts";
import type { TestStore } from "./test_store.ts";

export function describeOneTurn(test: TestStore): void {
  describe("one turn", () => {
    test("outcomes are recorded before claims: a dependent starts at once", async (scene) => {
      const { add, claimOne, store } = scene;
      const { id } = await add();
      const dependent = await add({ dependsOn: [id] });
      const { settled, claimed } = await store.exchange({
        settlements: [settlement(await claimOne(), completed)],
        claims: [{ queueName: defaultQueue, limit: 10, leaseMs: 1_000 }],
      });
      assert.deepEqual(settled, ["held"]);
      assert.deepEqual(claimed.map((job) => job.id), [dependent.id]);
    });

    test("what was handed back, or retries at once, can be claimed again", async (scene) => {
      const { addAll, claim, store } = scene;
      await addAll([{}, {}]);
      const [first, second] = await claim();
      const { claimed } = await store.exchange({
        settlements: [
          settlement(first!, handedBack),
          settlement(second!, { ...retrying, delayMs: 0 }),
        ],
        claims: [{ queueName: defaultQueue, limit: 10, leaseMs: 1_000 }],
      });
      const attempts = new Map(claimed.map((job) => [job.id, job.attempts]));
      assert.deepEqual(attempts, new Map([[first!.id, 1], [second!.id, 2]]));
    });

    test("hundreds of outcomes are recorded in one turn", async ({ addAll, claim, store }) => {
      await addAll(Array(500).fill({}));
      const settlements = (await claim()).map((job) => settlement(job, completed));
      const { settled } = await store.exchange({ settlements, claims: [] });
      assert.deepEqual(settled, Array(500).fill("held"));
      const counts = await store.counts();
      assert.deepEqual(counts.map(({ status, count }) => [status, count]), [["completed", 500]]);
    });
  });
}
