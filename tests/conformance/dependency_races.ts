import assert from "node:assert/strict";
import { describe } from "node:test";
import type { Change } from "../../src/store.ts";
import { completed, failed } from "./inputs.ts";
import type { Fixture, TestStore } from "./fixture.ts";

const rounds = Array.from({ length: 10 });

export function describeDependencyRaces(test: TestStore): void {
  describe("a dependency that settles at the moment its dependent is added", () => {
    for (const isAddedFirst of [true, false]) {
      const order = isAddedFirst ? "add then settle" : "settle then add";

      test(`frees it exactly once (${order})`, async (fixture) => {
        for (const _ of rounds) {
          const dependent = await raced(fixture, isAddedFirst, completed);
          await fixture.sweep();
          const claimed = await fixture.claim();
          assert.deepEqual(claimed.map(({ id }) => id), [dependent]);
          assert.equal(await fixture.settle(claimed[0]!, completed), "held");
        }
      });

      test(`cancels it when it failed (${order})`, async (fixture) => {
        for (const _ of rounds) {
          const dependent = await raced(fixture, isAddedFirst, failed);
          await fixture.sweep();
          assert.equal(await fixture.statusOf(dependent), "cancelled");
          assert.deepEqual(await fixture.claim(), []);
        }
      });
    }
  });
}

async function raced(
  { add, claimOne, settle }: Fixture,
  isAddedFirst: boolean,
  change: Change,
): Promise<string> {
  await add();
  const job = await claimOne();
  const adding = () => add({ dependsOn: [job.id] });
  const settling = () => settle(job, change);
  // Both are under way before either is awaited.
  const [first, second] = isAddedFirst ? [adding(), settling()] : [settling(), adding()];
  const [a, b] = await Promise.all([first, second]);
  const dependent = [a, b].find((one) => typeof one === "object");
  assert.ok(dependent);
  return dependent.id;
}
