import assert from "node:assert/strict";
import { describe } from "node:test";
import { JobQueue } from "../../mod.ts";
import { reason } from "./inputs.ts";
import type { TestStore } from "./fixture.ts";
import { jobsFound } from "./answers.ts";

export function describePaging(test: TestStore): void {
  describe("paging", () => {
    test("jobs that are added between two pages shift nothing", async ({ addAll, store }) => {
      const added = await addAll(Array(25).fill({}));
      const seen: string[] = [];
      let before: number | undefined;
      for (let page = await jobsFound(store, { limit: 10 }); page.length > 0;) {
        seen.push(...page.map(({ id }) => id));
        await addAll(Array(7).fill({}));
        before = page.at(-1)!.sequence;
        page = await jobsFound(store, { limit: 10, before });
      }
      assert.deepEqual(seen, added.map(({ job }) => job.id).reverse());
    });

    test("jobs that are removed between two pages shift nothing", async (fixture) => {
      const { addAll, store, clock } = fixture;
      const ids = (await addAll(Array(20).fill({}))).map(({ job }) => job.id).reverse();
      const first = await jobsFound(store, { limit: 10 });
      for (const id of ids.slice(5, 15)) await store.cancel(id, { error: reason });
      clock.pass(10);
      await store.maintain({ retentionMs: 1, limit: 100 });
      const second = await jobsFound(store, { limit: 10, before: first.at(-1)!.sequence });
      assert.deepEqual(second.map(({ id }) => id), ids.slice(15));
    });

    test("a removed job's number is not given again", async (fixture) => {
      const { add, store, clock } = fixture;
      const { id, sequence } = await add();
      await store.cancel(id, { error: reason });
      clock.pass(10);
      await store.maintain({ retentionMs: 1, limit: 100 });
      assert.ok((await add()).sequence > sequence);
    });

    test("pages of a filter meet without a gap", async ({ addAll, store }) => {
      await addAll(Array.from({ length: 30 }, (_, i) => ({ queueName: i % 3 ? "mails" : "sms" })));
      const filter = { queueNames: ["sms"], limit: 4 };
      const seen: number[] = [];
      for (let page = await jobsFound(store, filter); page.length > 0;) {
        seen.push(...page.map(({ sequence }) => sequence));
        page = await jobsFound(store, { ...filter, before: page.at(-1)!.sequence });
      }
      assert.equal(seen.length, 10);
      assert.deepEqual(seen, [...new Set(seen)].sort((a, b) => b - a));
    });

    test("the queue's cursor leads through all pages while jobs are added", async (fixture) => {
      const queue = new JobQueue({ store: fixture.store });
      for (let i = 0; i < 12; i++) await queue.enqueue("mails", { i });
      const seen: unknown[] = [];
      let cursor: string | undefined;
      do {
        const page = await queue.find({ limit: 5, cursor });
        seen.push(...page.jobs.map(({ payload }) => (payload as { i: number }).i));
        await queue.enqueue("mails", { i: "added later" });
        cursor = page.nextCursor;
      } while (cursor !== undefined);
      assert.deepEqual(seen, [11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0]);
    });
  });
}
