import assert from "node:assert/strict";
import { describe } from "node:test";
import { hasEnded, jobStatuses, type Store } from "../../src/store.ts";
import { completed, failed, reason, retrying } from "./inputs.ts";
import { jobWithStatus } from "./job_with_status.ts";
import type { TestStore } from "./fixture.ts";

// The longest that a queue lets callers ask for.
const longestEndedWithinMs = 365 * 24 * 60 * 60 * 1_000;

const withinMs = 10_000;

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
      test(`a ${status} job is counted once, as ${status}`, async (fixture) => {
        await jobWithStatus[status](fixture);
        const counts = await fixture.store.counts();
        const ofQueue = counts.filter(({ queueName }) => queueName === "orders");
        assert.deepEqual(ofQueue.map((one) => ({ ...one })), [
          { queueName: "orders", status, count: 1 },
        ]);
      });
    }

    test("the depth of a queue whose jobs have all ended is 0", async (fixture) => {
      const { id } = await jobWithStatus.completed(fixture);
      await fixture.add({ queueName: "mails" });
      fixture.clock.pass(500);
      const depths = async () =>
        (await fixture.store.health()).queues.map((
          { queueName, ready, running, waiting, oldestReadyMs },
        ) => [queueName, ready, running, waiting, oldestReadyMs]);
      const mails = ["mails", 1, 0, 0, 500];
      assert.deepEqual(await depths(), [mails, ["orders", 0, 0, 0, undefined]]);
      await fixture.store.maintain({ retentionMs: 0, limit: 10 });
      assert.equal(await fixture.store.get(id), undefined);
      assert.deepEqual(await depths(), [mails]);
    });

    test("what is removed is not counted any more", async ({ addAll, store, clock }) => {
      const [first] = await addAll([{}, {}]);
      await store.cancel(first!.job.id, { error: reason });
      clock.pass(10);
      await store.maintain({ retentionMs: 1, limit: 10 });
      assert.deepEqual(await counted(store), ["orders ready 1"]);
      assert.deepEqual(await counted(store, withinMs), []);
    });
  });

  describe("counting what ended lately", () => {
    test("an empty store counts nothing", async ({ store }) => {
      assert.deepEqual(await store.counts({ endedWithinMs: withinMs }), []);
    });

    for (const status of jobStatuses.filter(hasEnded)) {
      test(`a ${status} job is counted while its end is less than the time ago`, async (fixture) => {
        await jobWithStatus[status](fixture);
        assert.deepEqual(await counted(fixture.store, 1), [`orders ${status} 1`]);
        fixture.clock.pass(withinMs - 1);
        assert.deepEqual(await counted(fixture.store, withinMs), [`orders ${status} 1`]);
        fixture.clock.pass(1);
        assert.deepEqual(await counted(fixture.store, withinMs), []);
        assert.deepEqual(await counted(fixture.store, withinMs + 1), [`orders ${status} 1`]);
        assert.deepEqual(await counted(fixture.store), [`orders ${status} 1`]);
      });
    }

    for (const status of jobStatuses.filter((one) => !hasEnded(one))) {
      test(`a ${status} job is not counted`, async (fixture) => {
        await jobWithStatus[status](fixture);
        assert.deepEqual(await fixture.store.counts({ endedWithinMs: withinMs }), []);
      });
    }

    test("jobs are counted by queue and by how they ended", async (fixture) => {
      const { addAll, claim, settle, store, clock } = fixture;
      await addAll([
        ...Array(4).fill({ queueName: "mails" }),
        ...Array(3).fill({ queueName: "sms" }),
      ]);
      const [old, ...mails] = await claim({ queueName: "mails" });
      await settle(old!, completed);
      clock.pass(withinMs);
      for (const job of mails.slice(0, 2)) await settle(job, completed);
      await settle(mails[2]!, failed);
      const [again, cancelled] = await claim({ queueName: "sms", limit: 2 });
      await settle(again!, retrying);
      await store.cancel(cancelled!.id, { error: reason });
      assert.deepEqual(await counted(store, withinMs), [
        "mails completed 2",
        "mails failed 1",
        "sms cancelled 1",
      ]);
    });

    test("time counts from the end, not from the start", async (fixture) => {
      const { add, claimOne, settle, store, clock } = fixture;
      await add();
      clock.pass(2 * withinMs);
      await settle(await claimOne(), completed);
      assert.deepEqual(await counted(store, withinMs), ["orders completed 1"]);
    });

    test("a job that is retried after it failed is counted by its new end alone", async (fixture) => {
      const { claimOne, settle, store, clock } = fixture;
      const { id } = await jobWithStatus.failed(fixture);
      await store.retry(id);
      assert.deepEqual(await store.counts({ endedWithinMs: withinMs }), []);
      clock.pass(withinMs);
      await settle(await claimOne(), completed);
      assert.deepEqual(await counted(store, withinMs), ["orders completed 1"]);
    });

    test("dependents that an end cancels have ended with it", async (fixture) => {
      const { add, claimOne, settle, store, clock } = fixture;
      const { id } = await add();
      await add({ dependsOn: [id] });
      clock.pass(2 * withinMs);
      await settle(await claimOne(), failed);
      assert.deepEqual(await counted(store, withinMs), ["orders cancelled 1", "orders failed 1"]);
    });

    test("a year is looked back as well", async ({ add, store, clock }) => {
      const { id } = await add();
      await store.cancel(id, { error: reason });
      clock.pass(longestEndedWithinMs - 1);
      assert.deepEqual(await counted(store, longestEndedWithinMs), ["orders cancelled 1"]);
    });
  });
}

async function counted(store: Store, endedWithinMs?: number): Promise<readonly string[]> {
  const counts = await store.counts({ endedWithinMs });
  return counts.map((one) => `${one.queueName} ${one.status} ${one.count}`).sort();
}
