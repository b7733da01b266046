import assert from "node:assert/strict";
import { describe } from "node:test";
import type { Change } from "../../src/store/store.ts";
import { completed, failed } from "./changes.ts";
import type { Scene } from "./scene.ts";
import type { TestStore } from "./test_store.ts";

const rounds = Array.from({ length: 10 });

export function describeDependencyRaces(test: TestStore): void {
  describe("a dependency that settles at the moment its dependent is added", () => {
    for (const isAddedFirst of [true, false]) {
      const order = isAddedFirst ? "add then settle" : "settle then add";

      test(`frees it exactly once (${order})`, async (scene) => {
        for (const _ of rounds) {
          const dependent = await raced(scene, isAddedFirst, completed);
          await scene.sweep();
          const claimed = await scene.claim();
          assert.deepEqual(claimed.map(({ id }) => id), [dependent]);
          assert.equal(await scene.settle(claimed[0]!, completed), "held");
        }
      });

      test(`cancels it when it failed (${order})`, async (scene) => {
        for (const _ of rounds) {
          const dependent = await raced(scene, isAddedFirst, failed);
          await scene.sweep();
          assert.equal(await scene.statusOf(dependent), "cancelled");
          assert.deepEqual(await scene.claim(), []);
        }
      });
    }
  });
}

async function raced(
  { add, claimOne, settle }: Scene,
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
