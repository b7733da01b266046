import assert from "node:assert/strict";
import { describe } from "node:test";
import { job, JobQueue, NonRetryableError, WorkerPool } from "../../mod.ts";
import type { TestStore } from "./fixture.ts";

export function describeThroughQueue(test: TestStore): void {
  describe("through a queue and its workers", () => {
    test("a graph runs in its order, over several queues", async ({ store }) => {
      const queue = new JobQueue({ store });
      const ran: unknown[] = [];
      const workers = ["payments", "mails", "stock"].map((name) =>
        queue.worker(name, ({ payload }) => ran.push(payload))
      );
      const payment = job("payments", "payment");
      const mail = job("mails", "mail", { dependsOn: [payment] });
      const stock = job("stock", "stock", { dependsOn: [payment, mail] });
      await queue.enqueue([stock, mail, payment]);
      const { completed } = await new WorkerPool(workers).tick();
      assert.equal(completed, 3);
      assert.deepEqual(ran, ["payment", "mail", "stock"]);
    });

    test("a job that fails for good cancels what waited for it", async ({ store }) => {
      const queue = new JobQueue({ store });
      const worker = queue.worker("payments", () => {
        throw new NonRetryableError("The total does not add up");
      });
      const payment = job("payments", {});
      const mail = job("mails", {}, { dependsOn: [payment] });
      await queue.enqueue([payment, mail]);
      assert.equal((await worker.tick()).failed, 1);
      assert.equal((await queue.get(payment.id))?.error?.message, "The total does not add up");
      assert.equal((await queue.get(mail.id))?.status, "cancelled");
    });

    test("a retry comes after its back-off, by the store's clock", async ({ store, clock }) => {
      const queue = new JobQueue({ store });
      let calls = 0;
      const worker = queue.worker("payments", () => {
        if (++calls === 1) throw new Error("The gateway answered 503");
        return "paid";
      });
      const backoff = { type: "fixed", delayMs: 60_000 } as const;
      const { id } = await queue.enqueue("payments", {}, { backoff });
      assert.deepEqual([(await worker.tick()).retried, (await worker.tick()).completed], [1, 0]);
      clock.pass(60_000);
      assert.equal((await worker.tick()).completed, 1);
      const stored = await queue.get(id);
      assert.deepEqual([stored?.result, stored?.attempts], ["paid", 2]);
      assert.equal(stored?.attemptHistory[0]?.error?.message, "The gateway answered 503");
    });

    test("an order that comes twice adds nothing", async ({ store }) => {
      const queue = new JobQueue({ store });
      const enqueueOrder = async () => {
        const payment = job("payments", {}, { idempotencyKey: "order-1" });
        const mail = job("mails", {}, { idempotencyKey: "order-1", dependsOn: [payment] });
        return await queue.enqueue([payment, mail]);
      };
      const [first, second] = [await enqueueOrder(), await enqueueOrder()];
      assert.deepEqual(second.map(({ id }) => id), first.map(({ id }) => id));
      assert.deepEqual(second.map(({ deduplicated }) => deduplicated), [true, true]);
      assert.equal((await queue.find()).jobs.length, 2);
    });
  });
}
