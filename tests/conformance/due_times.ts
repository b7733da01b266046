import assert from "node:assert/strict";
import { describe } from "node:test";
import type { Settlement } from "../../src/store/store.ts";
import { reason, retrying } from "./changes.ts";
import { defaultQueue } from "./job_input.ts";
import type { Scene } from "./scene.ts";
import { settlement } from "./settlement.ts";
import type { TestStore } from "./test_store.ts";

export function describeDueTimes(test: TestStore): void {
  describe("due times", () => {
    test("a scheduled job is claimed once it is due, not before", async (scene) => {
      const { add, claim, clock, statusOf } = scene;
      const { id } = await add({ delayMs: 1_000 });
      clock.pass(999);
      assert.deepEqual(await claim(), []);
      assert.equal(await statusOf(id), "scheduled");
      clock.pass(1);
      assert.deepEqual((await claim()).map((job) => job.id), [id]);
    });

    test("a retrying job is claimed once its back-off is over, not before", async (scene) => {
      const { add, claim, claimOne, settle, clock, statusOf } = scene;
      const { id } = await add();
      await settle(await claimOne(), retrying);
      clock.pass(999);
      assert.deepEqual(await claim(), []);
      assert.equal(await statusOf(id), "retrying");
      clock.pass(1);
      assert.deepEqual((await claim()).map((job) => job.id), [id]);
    });

    test("many that are due at once are all claimed", async ({ addAll, claim, clock }) => {
      await addAll(Array(300).fill({ delayMs: 100 }));
      clock.pass(100);
      let claimed = 0;
      for (let round = 0; round < 3; round++) claimed += (await claim({ limit: 100 })).length;
      assert.equal(claimed, 300);
    });

    test("what became due competes by its priority", async ({ add, claimOne, clock }) => {
      await add();
      const urgent = await add({ delayMs: 100, priority: 1 });
      clock.pass(100);
      assert.equal((await claimOne()).id, urgent.id);
    });
  });

  describe("when to ask again", () => {
    test("at once when more is ready than was claimed", async (scene) => {
      await scene.addAll(Array(3).fill({}));
      await scene.add({ delayMs: 1_000 });
      assert.equal(await nextInMs(scene, { limit: 2 }), 0);
    });

    test("at once when a limit was reached, since nobody has looked behind it", async (scene) => {
      await scene.addAll([{}, {}, { queueName: "mails" }]);
      assert.equal(await nextInMs(scene, { limit: 2, queueNames: [defaultQueue, "mails"] }), 0);
      assert.equal(
        await nextInMs(scene, { limit: 2, queueNames: [defaultQueue, "mails"] }),
        undefined,
      );
      await scene.addAll([{ queueName: "mails" }, { delayMs: 1_000 }]);
      assert.equal(await nextInMs(scene, { limit: 1, queueNames: [defaultQueue, "mails"] }), 0);
      assert.equal(await nextInMs(scene, { limit: 1, queueNames: [defaultQueue, "mails"] }), 1_000);
    });

    test("when the next scheduled job is due", async (scene) => {
      await scene.addAll([{}, { delayMs: 3_000 }, { delayMs: 2_000 }]);
      scene.clock.pass(500);
      assert.equal(await nextInMs(scene), 1_500);
    });

    test("when the next retrying job is due", async (scene) => {
      await scene.add();
      await scene.settle(await scene.claimOne(), retrying);
      scene.clock.pass(300);
      assert.equal(await nextInMs(scene), 700);
    });

    test("an outcome of the same turn counts", async (scene) => {
      await scene.add();
      const job = await scene.claimOne();
      assert.equal(await nextInMs(scene, { settlements: [settlement(job, retrying)] }), 1_000);
    });

    test("never when nothing waits for its time", async (scene) => {
      assert.equal(await nextInMs(scene), undefined);
      const { id } = await scene.add();
      await scene.add({ dependsOn: [id] });
      await scene.claimOne();
      assert.equal(await nextInMs(scene), undefined);
    });

    test("not for a job that was cancelled", async (scene) => {
      const { id } = await scene.add({ delayMs: 1_000 });
      await scene.add({ delayMs: 4_000 });
      await scene.store.cancel(id, reason);
      assert.equal(await nextInMs(scene), 4_000);
    });

    test("for the earliest of the claimed queues, and for no other", async (scene) => {
      await scene.addAll([
        { queueName: "payments", delayMs: 3_000 },
        { queueName: "mails", delayMs: 2_000 },
        { queueName: "imports", delayMs: 1_000 },
      ]);
      assert.equal(await nextInMs(scene, { queueNames: ["payments", "mails", "empty"] }), 2_000);
    });
  });
}

interface Asked {
  readonly limit?: number;
  readonly queueNames?: readonly string[];
  readonly settlements?: readonly Settlement[];
}

async function nextInMs(
  { store }: Scene,
  { limit = 10, queueNames = [defaultQueue], settlements = [] }: Asked = {},
): Promise<number | undefined> {
  const claims = queueNames.map((queueName) => ({ queueName, limit, leaseMs: 60_000 }));
  return (await store.settleAndClaim({ settlements, claims })).nextInMs;
}
