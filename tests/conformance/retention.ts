import assert from "node:assert/strict";
import { describe } from "node:test";
import { hasEnded, jobStatuses } from "../../src/store.ts";
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
      const { add, claimOne, settle, clock, store, get, statusOf } = fixture;
      const [first, second] = [await add({ priority: 1 }), await add()];
      const child = await add({ dependsOn: [first.id, second.id], parentId: first.id });
      await settle(await claimOne(), completed);
      clock.pass(2 * retentionMs);
      const before = definedFields(await get(child.id));
      assert.equal(await removed(fixture), 1);
      assert.deepEqual(definedFields(await get(child.id)), before);
      assert.equal((await jobsFound(store, { parentId: first.id, limit: 10 })).length, 1);
      await settle(await claimOne(), completed);
      assert.equal(await statusOf(child.id), "ready");
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

async function removed({ store }: Fixture, limit = 100): Promise<number> {
  return (await store.maintain({ retentionMs, limit })).removed;
}
