import assert from "node:assert/strict";
import { describe } from "node:test";
import { hasEnded, jobStatuses, type Retention } from "../../src/store.ts";
import { completed, failed, jobInput, reason, retrying } from "./inputs.ts";
import { jobWithStatus } from "./job_with_status.ts";
import type { Fixture, TestStore } from "./fixture.ts";
import { attemptsOf, definedFields, jobsFound } from "./answers.ts";

const retentionMs = 10_000;

export function describeRetention(test: TestStore): void {
  describe("retention", () => {
    for (const status of jobStatuses.filter(hasEnded)) {
      test(`a ${status} job is removed when its time is over, not before`, async (fixture) => {
        const { id } = await jobWithStatus[status](fixture);
        fixture.clock.pass(retentionMs - 1);
        assert.equal(await removed(fixture), 0);
        assert.equal(await fixture.statusOf(id), status);
        fixture.clock.pass(2);
        assert.equal(await removed(fixture), 1);
        assert.equal(await fixture.store.get(id), undefined);
        assert.deepEqual(await jobsFound(fixture.store, { limit: 10 }), []);
        await fixture.add({ id });
        assert.deepEqual(await attemptsOf(fixture.store, id), [], "a new job begins anew");
      });
    }

    for (const status of jobStatuses.filter((one) => !hasEnded(one) && one !== "running")) {
      test(`a ${status} job is kept, however old it is`, async (fixture) => {
        const { id } = await jobWithStatus[status](fixture);
        fixture.clock.pass(1_000 * retentionMs);
        assert.equal(await removed(fixture), 0);
        assert.equal(await fixture.statusOf(id), status);
      });
    }

    test("a job that runs for long is kept", async ({ add, claimOne, store, clock, statusOf }) => {
      const { id } = await add();
      await claimOne({ leaseMs: 10 * retentionMs });
      clock.pass(9 * retentionMs);
      const result = await store.maintain({ retentionMs, limit: 10 });
      assert.deepEqual({ ...result }, { expired: [], refused: [], removed: 0 });
      assert.equal(await statusOf(id), "running");
    });

    test("time counts from the end, not from the start", async (fixture) => {
      const { add, claimOne, settle, clock } = fixture;
      await add();
      clock.pass(2 * retentionMs);
      await settle(await claimOne(), completed);
      assert.equal(await removed(fixture), 0);
    });

    test("the oldest go first, in batches of the limit", async (fixture) => {
      const { addAll, store, clock } = fixture;
      const ids = (await addAll(Array(5).fill({}))).map(({ job }) => job.id);
      const inOrderOfEnd = [ids[3]!, ids[0]!, ids[4]!, ids[1]!, ids[2]!];
      for (const id of inOrderOfEnd) {
        await store.cancel(id, { error: reason });
        clock.pass(10);
      }
      clock.pass(2 * retentionMs);
      for (const gone of [2, 4, 5]) {
        await removed(fixture, 2);
        const kept = (await jobsFound(store, { limit: 10 })).map(({ id }) => id);
        assert.deepEqual(new Set(kept), new Set(inOrderOfEnd.slice(gone)));
      }
      assert.equal(await removed(fixture, 2), 0);
    });

    test("attempts of another job stay", async (fixture) => {
      const { add, claimOne, settle, clock, store } = fixture;
      const [gone, kept] = [await add({ priority: 1 }), await add()];
      await settle(await claimOne(), failed);
      await settle(await claimOne(), retrying);
      clock.pass(2 * retentionMs);
      assert.equal(await removed(fixture), 1);
      await add({ id: gone.id });
      assert.deepEqual(await attemptsOf(store, gone.id), []);
      assert.equal((await attemptsOf(store, kept.id)).length, 1);
    });

    test("those who depended on a removed job, or are its children, stay as they are", async (fixture) => {
      const { add, claimOne, settle, clock, store, get } = fixture;
      const first = await add();
      const child = await add({ dependsOn: [first.id], parentId: first.id });
      await settle(await claimOne(), completed);
      clock.pass(2 * retentionMs);
      await settle(await claimOne(), completed);
      const before = definedFields(await get(child.id));
      assert.equal(await removed(fixture), 1);
      assert.equal(await store.get(first.id), undefined);
      assert.deepEqual(definedFields(await get(child.id)), before);
      assert.equal((await jobsFound(store, { parentId: first.id, limit: 10 })).length, 1);
    });

    for (const status of ["scheduled", "blocked", "ready", "running", "retrying"] as const) {
      test(`a job stays as long as a dependent is ${status}, whichever of both was there first`, async (fixture) => {
        const { add, claimOne, settle, clock, store, get, statusOf } = fixture;
        const dependency = await add();
        const early = await add({ dependsOn: [dependency.id], queueName: "early" });
        await settle(await claimOne(), completed);
        const other = await add({ queueName: "others" });
        const runAt = clock.now() + 100 * retentionMs;
        const late = await add({
          dependsOn: status === "blocked" ? [dependency.id, other.id] : [dependency.id],
          ...status === "scheduled" && { runAt },
        });
        if (status === "running") await claimOne({ leaseMs: 100 * retentionMs });
        if (status === "retrying") {
          await settle(await claimOne(), { ...retrying, delayMs: 100 * retentionMs });
        }
        assert.equal(await statusOf(late.id), status);
        clock.pass(2 * retentionMs);
        assert.equal(await removed(fixture), 0, "of both a dependent lives");
        await store.cancel(late.id, { error: reason });
        assert.equal(await removed(fixture), 0, "the first dependent lives");
        await settle(await claimOne({ queueName: "early" }), completed);
        assert.equal(await statusOf(early.id), "completed");
        assert.equal(await removed(fixture), 1);
        assert.equal(await store.get(dependency.id), undefined);
        assert.ok(await get(late.id));
      });
    }

    test("a job stays as long as a dependent lives that was retried", async (fixture) => {
      const { add, claimOne, settle, clock, store, statusOf } = fixture;
      const dependency = await add();
      const dependent = await add({ dependsOn: [dependency.id] });
      await settle(await claimOne(), completed);
      await settle(await claimOne(), failed);
      await store.retry(dependent.id);
      clock.pass(2 * retentionMs);
      assert.equal(await removed(fixture), 0);
      await settle(await claimOne(), completed);
      assert.equal(await removed(fixture), 1);
      assert.equal(await statusOf(dependent.id), "completed");
    });

    test("jobs that a dependent keeps do not hold up the others", async (fixture) => {
      const { add, addAll, claim, settle, clock, store } = fixture;
      const kept = (await addAll(Array(5).fill({}))).map(({ job }) => job.id);
      for (const job of await claim()) await settle(job, completed);
      await add({ dependsOn: kept, queueName: "others" });
      clock.pass(10);
      const { id } = await add();
      await store.cancel(id, { error: reason });
      clock.pass(2 * retentionMs);
      assert.equal(await removed(fixture, 1), 1);
      assert.equal(await store.get(id), undefined);
      assert.equal(await removed(fixture, 1), 0);
    });

    test("each outcome has its own time", async (fixture) => {
      const ended = {
        completed: await jobWithStatus.completed(fixture),
        failed: await jobWithStatus.failed(fixture),
        cancelled: await jobWithStatus.cancelled(fixture),
      };
      const own = { completed: 3_000, failed: 9_000, cancelled: 6_000 };
      for (const status of ["completed", "cancelled", "failed"] as const) {
        fixture.clock.pass(2_999);
        assert.equal(await removed(fixture, 10, own), 0);
        fixture.clock.pass(1);
        assert.equal(await removed(fixture, 10, own), 1, status);
        assert.equal(await fixture.store.get(ended[status].id), undefined);
      }
    });

    test("a queue can have its own times, shorter or longer", async (fixture) => {
      const { addAll, clock, store } = fixture;
      const queueNames = ["ticks", "orders", "audit", "constructor"];
      const added = await addAll(queueNames.map((queueName) => ({ queueName })));
      for (const { job } of added) await store.cancel(job.id, { error: reason });
      const alike = (ms: number) => ({ completed: ms, failed: ms, cancelled: ms });
      const own = {
        ...alike(5_000),
        queues: { ticks: alike(1_000), audit: { ...alike(0), cancelled: 9_000 } },
      };
      const kept: string[][] = [];
      for (const ms of [999, 1, 3_999, 1, 3_999, 1]) {
        clock.pass(ms);
        await removed(fixture, 10, own);
        kept.push((await jobsFound(store, { limit: 10 })).map(({ queueName }) => queueName));
      }
      const all = [...queueNames].reverse();
      const withoutTicks = all.filter((name) => name !== "ticks");
      assert.deepEqual(kept, [all, withoutTicks, withoutTicks, ["audit"], ["audit"], []]);
    });

    test("what is kept for longer does not hold up what ended after it", async (fixture) => {
      const { addAll, store, clock } = fixture;
      const added = await addAll(["audit", "audit", "orders"].map((queueName) => ({ queueName })));
      for (const { job } of added) {
        await store.cancel(job.id, { error: reason });
        clock.pass(10);
      }
      clock.pass(5_000);
      const alike = (ms: number) => ({ completed: ms, failed: ms, cancelled: ms });
      const own = { ...alike(1_000), queues: { audit: alike(9_000) } };
      assert.equal(await removed(fixture, 1, own), 1);
      assert.equal(await store.get(added[2]!.job.id), undefined);
    });

    test("a removed job is unknown as a dependency", async (fixture) => {
      const { add, store, clock } = fixture;
      const { id } = await add();
      await store.cancel(id, { error: reason });
      clock.pass(2 * retentionMs);
      await removed(fixture);
      await assert.rejects(store.add([jobInput({ dependsOn: [id] })]), RangeError);
    });
  });
}

async function removed(
  { store }: Fixture,
  limit = 100,
  own: number | Retention = retentionMs,
): Promise<number> {
  return (await store.maintain({ retentionMs: own, limit })).removed;
}
