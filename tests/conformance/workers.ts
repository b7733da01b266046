import assert from "node:assert/strict";
import { describe } from "node:test";
import { JobQueue, WorkerPool } from "../../mod.ts";
import { attemptsOf } from "./answers.ts";
import type { TestStore } from "./fixture.ts";
import { completed, failed, neverStarted, newJobId, reason, released, retrying } from "./inputs.ts";

const announcement = {
  name: "web-1:42",
  queueNames: ["orders", "mails"],
  nextInMs: 10_000,
  keepMs: 3_600_000,
};

export function describeWorkers(test: TestStore): void {
  describe("which worker ran a job", () => {
    test("a running job has the name of its worker, and keeps it when it completes", async (fixture) => {
      const { add, claimOne, settle, get, store } = fixture;
      const { id, workerName } = await add();
      assert.equal(workerName, undefined);
      const job = await claimOne({ workerName: "web-1:42" });
      assert.equal(job.workerName, "web-1:42");
      assert.equal((await get(id)).workerName, "web-1:42");
      await settle(job, completed);
      assert.equal((await get(id)).workerName, "web-1:42");
      const { jobs: [found] } = await store.find({ ids: [id], limit: 1, include: [] });
      assert.equal(found?.workerName, "web-1:42");
    });

    test("an attempt keeps its worker, while the job that waits for the next has none", async (fixture) => {
      const { add, claimOne, settle, get, clock, store } = fixture;
      const { id } = await add({ maxAttempts: 2 });
      await settle(await claimOne({ workerName: "first" }), retrying);
      assert.equal((await get(id)).workerName, undefined);
      clock.pass(1_000);
      await settle(await claimOne({ workerName: "second" }), failed);
      assert.equal((await get(id)).workerName, "second");
      const attempts = await attemptsOf(store, id);
      assert.deepEqual(attempts.map(({ workerName }) => workerName), ["first", "second"]);
      await store.retry(id);
      assert.equal((await get(id)).workerName, undefined);
    });

    test("a job that is handed back has none, whether or not it had begun", async (fixture) => {
      const { add, claimOne, settle, get, store } = fixture;
      const { id } = await add();
      await settle(await claimOne({ workerName: "first" }), neverStarted);
      assert.equal((await get(id)).workerName, undefined);
      await settle(await claimOne({ workerName: "second" }), released);
      assert.equal((await get(id)).workerName, undefined);
      const attempts = await attemptsOf(store, id);
      assert.deepEqual(attempts.map(({ workerName }) => workerName), ["second"]);
    });

    test("one that is cancelled or lost is known by its attempt too", async (fixture) => {
      const { addAll, claim, begin, get, clock, sweep, store } = fixture;
      const [cancelled, lost] = (await addAll([{}, { maxAttempts: 1 }])).map(({ job: { id } }) =>
        id
      );
      const claimed = await claim({ workerName: "web-1:42", leaseMs: 1_000 });
      await begin(claimed[1]!, 1_000);
      await store.cancel(cancelled!, { error: reason });
      clock.pass(2_000);
      await sweep();
      for (const id of [cancelled!, lost!]) {
        assert.equal((await get(id)).workerName, "web-1:42");
        const attempts = await attemptsOf(store, id);
        assert.deepEqual(attempts.map(({ workerName }) => workerName), ["web-1:42"]);
      }
      assert.deepEqual([(await get(cancelled!)).status, (await get(lost!)).status], [
        "cancelled",
        "failed",
      ]);
    });

    test("a claim without a name gives none", async ({ add, claimOne, get, settle }) => {
      const { id } = await add();
      const job = await claimOne();
      assert.equal(job.workerName, undefined);
      await settle(job, completed);
      assert.equal((await get(id)).workerName, undefined);
    });

    test("workers of a queue have the names that they were given", async ({ store }) => {
      const queue = new JobQueue({ store });
      const names: unknown[] = [];
      const worker = queue.worker("orders", (job) => names.push(job.workerName), { name: "web-1" });
      const { id } = await queue.enqueue("orders", {});
      await worker.tick();
      const other = await queue.enqueue("orders", {});
      await new WorkerPool([worker], { name: "web-2" }).tick();
      assert.deepEqual(names, ["web-1", "web-2"]);
      const jobs = [await queue.get(id), await queue.get(other.id)];
      assert.deepEqual(jobs.map((job) => job?.workerName), names);
      assert.deepEqual(jobs.map((job) => job?.attemptHistory[0]?.workerName), names);
      assert.deepEqual((await store.workers()).map(({ name }) => name), ["web-2", "web-1"]);
    });
  });

  describe("which workers there are", () => {
    test("a worker is there once it has said so, with how long ago that was", async (fixture) => {
      const { store, clock } = fixture;
      assert.deepEqual(await store.workers(), []);
      await store.announce(announcement);
      const seenAt = clock.now();
      clock.pass(5_000);
      const { keepMs: _, ...said } = announcement;
      assert.deepEqual(await store.workers(), [{ ...said, seenAt, silentMs: 5_000 }]);
    });

    test("workers of one name are one, and the last that said so comes first", async (fixture) => {
      const { store, clock } = fixture;
      for (const name of ["a", "b", "a"]) {
        clock.pass(1_000);
        await store.announce({ ...announcement, name, queueNames: [`queue_of_${name}`] });
      }
      const workers = await store.workers();
      assert.deepEqual(workers.map(({ name }) => name), ["a", "b"]);
      assert.deepEqual(workers.map(({ silentMs }) => silentMs), [0, 1_000]);
      assert.deepEqual(workers.map(({ queueNames }) => queueNames), [["queue_of_a"], [
        "queue_of_b",
      ]]);
    });

    test("a new name makes those forgotten that nobody has heard of for long", async (fixture) => {
      const { store, clock } = fixture;
      await store.announce({ ...announcement, name: "old" });
      clock.pass(announcement.keepMs);
      await store.announce({ ...announcement, name: "new" });
      assert.equal((await store.workers()).length, 2);
      clock.pass(1);
      await store.announce({ ...announcement, name: "newer" });
      assert.deepEqual((await store.workers()).map(({ name }) => name), ["newer", "new"]);
    });

    test("a job keeps the name of its worker over its announcements", async (fixture) => {
      const { store, add, claimOne, get, clock } = fixture;
      const { id } = await add();
      await claimOne({ workerName: "web-1:42" });
      for (let n = 0; n < 3; n++) {
        clock.pass(10_000);
        await store.announce(announcement);
        await store.announce({ ...announcement, name: "web-2:7" });
      }
      assert.equal((await get(id)).workerName, "web-1:42");
    });
  });

  describe("where a job is in its queue", () => {
    test("ready jobs that are claimed before it count, and those that run", async (fixture) => {
      const { store, addAll, claim, clock } = fixture;
      await addAll([{}, {}]);
      await claim();
      await addAll([{ priority: -1 }, { priority: 1 }, { queueName: "mails" }, { delayMs: 1_000 }]);
      clock.pass(1);
      const [first, last] = (await addAll([{}, {}])).map(({ job: { id } }) => id);
      assert.deepEqual(await store.place(first!), { at: clock.now(), ahead: 1, running: 2 });
      assert.deepEqual(await store.place(last!), { at: clock.now(), ahead: 2, running: 2 });
    });

    test("they are counted to 1,000", async ({ store, add, addAll }) => {
      await addAll(Array.from({ length: 1_100 }, () => ({})));
      assert.equal((await store.place((await add()).id))?.ahead, 1_000);
      assert.equal((await store.place((await add({ priority: 1 })).id))?.ahead, 0);
      await addAll(Array.from({ length: 600 }, () => ({ priority: 2 })));
      assert.equal((await store.place((await add({ priority: -1 })).id))?.ahead, 1_000);
    });

    test("a job that is not stored has none", async ({ store }) => {
      assert.equal(await store.place(newJobId()), undefined);
      assert.equal(await store.place("no id"), undefined);
    });
  });
}
