import assert from "node:assert/strict";
import { describe } from "node:test";
import { jobStatuses } from "../../src/job/status.ts";
import type { Store } from "../../src/store/store.ts";
import { reason } from "./changes.ts";
import { jobWithStatus } from "./job_with_status.ts";
import type { TestStore } from "./test_store.ts";

export function describeCounting(test: TestStore): void {
  describe("counting", () => {
    test("an empty store counts nothing", async ({ store }) => {
      assert.deepEqual(await store.counts(), []);
    });

    test("jobs are counted by queue and status", async ({ addAll, claim, store }) => {
      await addAll([
        ...Array(3).fill({ queueName: "mails" }),
        ...Array(2).fill({ queueName: "mails", delayMs: 1_000 }),
        { queueName: "sms" },
      ]);
      await claim({ queueName: "mails", limit: 1 });
      assert.deepEqual(await counted(store), [
        "mails ready 2",
        "mails running 1",
        "mails scheduled 2",
        "sms ready 1",
      ]);
    });

    for (const status of jobStatuses) {
      test(`a ${status} job is counted once, as ${status}`, async (scene) => {
        await jobWithStatus[status](scene);
        const counts = await scene.store.counts();
        const ofQueue = counts.filter(({ queueName }) => queueName === "orders");
        assert.deepEqual(ofQueue.map((one) => ({ ...one })), [
          { queueName: "orders", status, count: 1 },
        ]);
      });
    }

    test("what is removed is not counted any more", async ({ addAll, store, clock }) => {
      const [first] = await addAll([{}, {}]);
      await store.cancel(first!.job.id, reason);
      clock.pass(10);
      await store.upkeep({ retentionMs: 1, limit: 10 });
      assert.deepEqual(await counted(store), ["orders ready 1"]);
    });
  });
}

async function counted(store: Store): Promise<readonly string[]> {
  const counts = await store.counts();
  return counts.map((one) => `${one.queueName} ${one.status} ${one.count}`).sort();
}
