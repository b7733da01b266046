import assert from "node:assert/strict";
import { describe } from "node:test";
import fc from "fast-check";
import { failed, released, retrying } from "./inputs.ts";
import type { TestStore } from "./fixture.ts";

export function describeClaimOrder(test: TestStore): void {
  describe("the order of claims", () => {
    test("a higher priority comes first", async ({ addAll, claim }) => {
      await addAll([-32_768, 0, 10, 9, 32_767, 0].map((priority) => ({ priority })));
      const priorities = (await claim()).map(({ priority }) => priority);
      assert.deepEqual(priorities, [32_767, 10, 9, 0, 0, -32_768]);
    });

    test("among equals what was due earlier comes first", async ({ addAll, claim, clock }) => {
      const delays = [300, 0, 200, 100];
      await addAll(delays.map((delayMs) => ({ delayMs, payload: String(delayMs) })));
      clock.pass(1_000);
      assert.deepEqual((await claim()).map(({ payload }) => payload), ["0", "100", "200", "300"]);
    });

    test("then what was added earlier comes first", async ({ addAll, claim }) => {
      const added = await addAll(Array(50).fill({}));
      const ids = (await claim()).map(({ id }) => id);
      assert.deepEqual(ids, added.map(({ job }) => job.id));
    });

    test("a limit takes the first of the order", async ({ addAll, claim }) => {
      await addAll([1, 3, 2, 5, 4].map((priority) => ({ priority })));
      const first = (await claim({ limit: 2 })).map(({ priority }) => priority);
      const second = (await claim({ limit: 2 })).map(({ priority }) => priority);
      assert.deepEqual([first, second], [[5, 4], [3, 2]]);
    });

    test("a retry takes its place by its new due time", async (fixture) => {
      const { add, claimOne, claim, settle, clock } = fixture;
      const early = await add();
      await settle(await claimOne(), retrying);
      clock.pass(500);
      const middle = await add();
      clock.pass(1_000);
      const late = await add();
      assert.deepEqual((await claim()).map(({ id }) => id), [middle.id, early.id, late.id]);
    });

    test("the lowest priority keeps its place whatever becomes of its attempts", async (fixture) => {
      const { store, add, addAll, begin, claim, claimOne, settle, sweep, clock } = fixture;
      const { id } = await add({ priority: -32_768, maxAttempts: 10 });
      await settle(await claimOne(), released);
      await settle(await claimOne(), { ...retrying, delayMs: 0 });
      await claimOne({ leaseMs: 10 });
      clock.pass(20);
      await sweep();
      await begin(await claimOne(), 10);
      clock.pass(20);
      await sweep();
      clock.pass(60_000);
      await settle(await claimOne(), failed);
      await store.retry(id);
      await addAll([{}, {}]);
      const priorities = (await claim()).map(({ priority }) => priority);
      assert.deepEqual(priorities, [0, 0, -32_768]);
    });

    test("any jobs are claimed in this order", async ({ store, addAll, claim, clock }) => {
      const somePlace = fc.record({
        priority: fc.integer({ min: -2, max: 2 }),
        delayMs: fc.nat({ max: 3 }),
      });
      let queues = 0;
      await fc.assert(
        fc.asyncProperty(fc.array(somePlace, { maxLength: 30 }), async (places) => {
          const queueName = `queue${queues++}`;
          const added = await addAll(places.map((place) => ({ queueName, ...place })));
          clock.pass(3);
          const expected = added.map(({ job }) => job).sort((a, b) =>
            b.priority - a.priority || a.runAt - b.runAt || a.sequence - b.sequence
          );
          const claimed = await claim({ queueName });
          assert.deepEqual(claimed.map(({ id }) => id), expected.map(({ id }) => id));
        }),
        { numRuns: 40 },
      );
      assert.ok((await store.counts()).length > 0);
    });
  });
}
