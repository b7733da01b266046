import assert from "node:assert/strict";
import { describe } from "node:test";
import { job, JobQueue } from "../../mod.ts";
import type { Notice } from "../../src/store.ts";
import { completed, leaseOf, reason } from "./inputs.ts";
import type { TestStore } from "./fixture.ts";

export function describeNotices(test: TestStore): void {
  describe("notices", () => {
    test("checking leases says which hold, and extends none", async (fixture) => {
      const { store, addAll, claim, settle, clock } = fixture;
      await addAll(Array(3).fill({}));
      const [held, cancelled, settled] = await claim({ leaseMs: 1_000 });
      await store.cancel(cancelled!.id, { error: reason });
      await settle(settled!, completed);
      const leases = [held!, cancelled!, settled!].map(leaseOf);
      assert.deepEqual(await store.check(leases), ["held", "cancelled", "lost"]);
      assert.deepEqual(await store.check([]), []);
      clock.pass(1_001);
      assert.deepEqual((await fixture.sweep()).map(({ id }) => id), [held!.id]);
      assert.deepEqual(await store.check([leaseOf(held!)]), ["lost"]);
    });

    test("a worker of this process knows of a cancellation before its answer", async (fixture) => {
      const { store, addAll, claimOne } = fixture;
      const notices: Notice[] = [];
      const end = store.onNotice?.((notice) => notices.push(notice));
      const [first] = await addAll(Array(2).fill({}));
      const running = await claimOne();
      assert.equal(running.id, first!.job.id);
      await store.cancel(running.id, { error: reason });
      const told = notices.filter((notice) => notice.type === "cancelled");
      assert.deepEqual(told[0], { type: "cancelled", jobIds: [running.id] });
      end?.();
    }, "notices");

    test("a job that was not claimed is cancelled without a notice", async ({ store, add }) => {
      const notices: Notice[] = [];
      const end = store.onNotice?.((notice) => notices.push(notice));
      await store.cancel((await add()).id, { error: reason });
      assert.deepEqual(notices.filter(({ type }) => type === "cancelled"), []);
      end?.();
    });

    test("after the answer to a cancellation no held job starts", async ({ store }) => {
      const queue = new JobQueue({ store });
      const cancelled = new Set<string>();
      const late: string[] = [];
      const ids: string[] = [];
      let started = 0;
      // Quick jobs first, so that the worker holds others before it has a place for them.
      const worker = queue.worker("orders", async ({ id }) => {
        if (cancelled.has(id)) late.push(id);
        if (++started !== 100) return;
        await Promise.all(ids.map(async (one) => {
          if (one === id) return;
          const answer = await queue.cancel(one);
          if (answer?.changed) cancelled.add(one);
        }));
      }, { concurrency: 1 });
      ids.push(...(await queue.enqueue(Array.from({ length: 400 }, () => job("orders", {})))).map((
        { id },
      ) => id));
      const { completed } = await worker.tick();
      assert.ok(cancelled.size > 200, `${cancelled.size} were cancelled`);
      assert.deepEqual(late, []);
      assert.equal(completed + cancelled.size, 400);
    }, "notices");

    test("a running handler is aborted by the notice", async ({ store }) => {
      const queue = new JobQueue({ store });
      let heard = (_wasAborted: boolean) => {};
      // The notice may be back before the answer; then nobody waits for the handler any more.
      const wasAborted = new Promise<boolean>((resolve) => heard = resolve);
      // Its lease is so long that a heartbeat would tell it only after minutes.
      const worker = queue.worker("orders", async ({ id }, { signal }) => {
        await queue.cancel(id);
        heard(signal.aborted);
      }, { leaseMs: 600_000 });
      await queue.enqueue("orders", {});
      assert.equal((await worker.tick()).cancelled, 1);
      assert.equal(await wasAborted, true);
    }, "notices");
  });
}
