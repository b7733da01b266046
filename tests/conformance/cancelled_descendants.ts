import assert from "node:assert/strict";
import { describe } from "node:test";
import type { Notice } from "../../src/store.ts";
import { completed, jobInput, reason } from "./inputs.ts";
import { attemptsOf, definedFields, takeTraceEnds } from "./answers.ts";
import type { TestStore } from "./fixture.ts";

const descendants = true;

export function describeCancelledDescendants(test: TestStore): void {
  describe("cancelling a job with its descendants", () => {
    test("ends all that have not ended, at any depth, with the reason and whose parts they are", async (fixture) => {
      const { add, store, get, claimOne, clock } = fixture;
      const root = await add({ queueName: "others" });
      const ready = await add({ parentId: root.id });
      const done = await add({ parentId: root.id, queueName: "done" });
      const below = await add({ parentId: done.id, delayMs: 5_000 });
      const deep = await add({ parentId: below.id, dependsOn: [ready.id] });
      const aside = await add({ queueName: "others" });
      await fixture.settle(await claimOne({ queueName: "done" }), completed);
      const before = definedFields(await get(done.id));
      clock.pass(10);
      const answer = (await store.cancel(root.id, { error: reason, descendants }))!;
      assert.deepEqual([answer.changed, answer.cancelledDescendants], [true, 3]);
      assert.deepEqual([answer.job.status, answer.job.error], ["cancelled", reason]);
      for (const { id } of [ready, below, deep]) {
        const { status, error, finishedAt } = await get(id);
        assert.deepEqual([status, finishedAt], ["cancelled", clock.now()]);
        assert.deepEqual(error, { ...reason, parentId: root.id });
      }
      assert.deepEqual(definedFields(await get(done.id)), before);
      assert.equal((await get(aside.id)).status, "ready");
      clock.pass(10_000);
      assert.deepEqual((await fixture.claim()).map(({ id }) => id), []);
    });

    test("takes those of a job that has ended, which stays as it is", async (fixture) => {
      const { add, store, claimOne, settle, get, statusOf } = fixture;
      const root = await add();
      await settle(await claimOne(), completed);
      const child = await add({ parentId: root.id });
      const before = definedFields(await get(root.id));
      const answer = (await store.cancel(root.id, { error: reason, descendants }))!;
      assert.deepEqual([answer.changed, answer.cancelledDescendants], [false, 1]);
      assert.deepEqual(definedFields(answer.job), before);
      assert.equal(await statusOf(child.id), "cancelled");
      const again = (await store.cancel(root.id, { error: reason, descendants }))!;
      assert.deepEqual([again.changed, again.cancelledDescendants], [false, 0]);
    });

    test("takes the parts of dependents that were cancelled with it", async (fixture) => {
      const { add, store, statusOf } = fixture;
      const root = await add();
      const dependent = await add({ dependsOn: [root.id] });
      const part = await add({ parentId: dependent.id });
      const later = await add({ dependsOn: [part.id] });
      const ofLater = await add({ parentId: later.id });
      const runs = await add({ dependsOn: [root.id], onDependencyFailure: "run" });
      const ofRuns = await add({ parentId: runs.id });
      await store.cancel(root.id, { error: reason, descendants });
      for (const { id } of [dependent, part, later, ofLater]) {
        assert.equal(await statusOf(id), "cancelled");
      }
      for (const { id } of [runs, ofRuns]) assert.equal(await statusOf(id), "ready");
    });

    test("leaves them where it is not said", async ({ add, store, statusOf }) => {
      const root = await add();
      const child = await add({ parentId: root.id });
      const answer = await store.cancel(root.id, { error: reason });
      assert.equal(answer?.cancelledDescendants, undefined);
      assert.equal(await statusOf(child.id), "ready");
      assert.equal(
        (await store.cancel(root.id, { error: reason, descendants }))?.cancelledDescendants,
        1,
      );
      assert.equal(await statusOf(child.id), "cancelled");
    });

    test("loses the leases of those that run, and tells so", async (fixture) => {
      const { add, store, claimOne, settle } = fixture;
      const { id: rootId } = await add({ queueName: "others" });
      const { id } = await add({ parentId: rootId });
      const job = await claimOne();
      // A notification of the server may tell it a second time.
      const told = new Set<string>();
      const stop = store.onNotice!((notice: Notice) => {
        if (notice.type !== "cancelled") return;
        for (const jobId of notice.jobIds) told.add(jobId);
      });
      await store.cancel(rootId, { error: reason, descendants });
      stop();
      assert.deepEqual([...told], [id]);
      assert.equal(await settle(job, completed), "cancelled");
      const [attempt] = await attemptsOf(store, id);
      assert.deepEqual([attempt?.outcome, attempt?.error?.message], ["cancelled", reason.message]);
      assert.equal((await add({ parentId: id })).status, "cancelled");
    }, "notices");

    test("ends each of their traces once", async (fixture) => {
      const { add, store } = fixture;
      const { id, traceId } = await add();
      const same = await add({ parentId: id, traceId });
      const own = await add({ parentId: same.id });
      await store.cancel(id, { error: reason, descendants });
      const ends = (await takeTraceEnds(fixture)).map(({ traceId, epoch }) => [traceId, epoch]);
      assert.deepEqual(ends.sort(), [[traceId, 1], [own.traceId, 1]].sort());
    }, "traceEnds");

    test("goes through a deep tree and a wide one", async ({ store }) => {
      const jobs = [jobInput()];
      for (let i = 0; i < 200; i++) jobs.push(jobInput({ parentId: jobs.at(-1)!.id }));
      for (let i = 0; i < 300; i++) jobs.push(jobInput({ parentId: jobs[i % 20]!.id }));
      await store.add(jobs);
      const answer = await store.cancel(jobs[0]!.id, { error: reason, descendants });
      assert.equal(answer?.cancelledDescendants, 500);
      const counts = await store.counts();
      assert.deepEqual(counts.map(({ status, count }) => [status, count]), [["cancelled", 501]]);
    });

    test("is over when it was answered: what is retried stays so", async (fixture) => {
      const { add, store, statusOf, sweep } = fixture;
      const { id } = await add();
      const child = await add({ parentId: id });
      const grandchild = await add({ parentId: child.id });
      await store.cancel(id, { error: reason, descendants });
      await sweep();
      await store.retry(grandchild.id);
      for (const _ of [1, 2, 3]) await sweep();
      assert.equal(await statusOf(grandchild.id), "ready");
      assert.equal(await statusOf(child.id), "cancelled");
    });

    test("finds nothing where there is no such job", async ({ store }) => {
      assert.equal(await store.cancel(jobInput().id, { error: reason, descendants }), undefined);
    });
  });
}
