import assert from "node:assert/strict";
import { describe } from "node:test";
import type { Change } from "../../src/store.ts";
import {
  completed,
  failed,
  neverStarted,
  newJobId,
  reason,
  released,
  retrying,
  settlement,
  snoozed,
} from "./inputs.ts";
import { attemptsOf, definedFields } from "./answers.ts";
import type { TestStore } from "./fixture.ts";

const changes: readonly Change[] = [
  completed,
  failed,
  retrying,
  snoozed,
  released,
  neverStarted,
];

export function describeFencing(test: TestStore): void {
  describe("fencing", () => {
    test("a wrong token changes nothing", async ({ add, claimOne, settle, get, store }) => {
      const { id } = await add();
      await claimOne();
      const before = definedFields(await get(id));
      for (const change of changes) {
        assert.equal(await settle({ id, leaseToken: crypto.randomUUID() }, change), "lost");
        assert.equal(await settle({ id, leaseToken: "" }, change), "lost");
      }
      assert.deepEqual(definedFields(await get(id)), before);
      assert.deepEqual(await attemptsOf(store, id), []);
    });

    test("the token of another job changes nothing", async (fixture) => {
      const { add, claimOne, settle, statusOf } = fixture;
      const { id } = await add();
      await claimOne();
      await add();
      const { leaseToken } = await claimOne();
      assert.equal(await settle({ id, leaseToken }, completed), "lost");
      assert.equal(await statusOf(id), "running");
    });

    test("a job that is not stored is lost", async ({ add, claimOne, settle }) => {
      await add();
      const { leaseToken } = await claimOne();
      assert.equal(await settle({ id: newJobId(), leaseToken }, completed), "lost");
    });

    for (const first of changes) {
      test(`after "${nameOf(first)}" the token is spent`, async (fixture) => {
        const { add, claimOne, settle, get, store } = fixture;
        const { id } = await add();
        const job = await claimOne();
        assert.equal(await settle(job, first), "held");
        const [before, history] = [
          definedFields(await get(id)),
          await attemptsOf(store, id),
        ];
        for (const second of changes) assert.equal(await settle(job, second), "lost");
        assert.deepEqual(definedFields(await get(id)), before);
        assert.deepEqual(await attemptsOf(store, id), history);
      });
    }

    test("the second outcome of one job in one call is lost", async (fixture) => {
      const { add, claimOne, statusOf, store } = fixture;
      const { id } = await add();
      const job = await claimOne();
      const settlements = [settlement(job, completed), settlement(job, failed)];
      const { settled } = await store.settleAndClaim({ settlements, claims: [] });
      assert.deepEqual(settled, ["held", "lost"]);
      assert.equal(await statusOf(id), "completed");
    });

    test("an outcome after the job was cancelled changes nothing", async (fixture) => {
      const { add, claimOne, settle, get, store } = fixture;
      const { id } = await add();
      const job = await claimOne();
      await store.cancel(id, { error: reason });
      const before = definedFields(await get(id));
      for (const change of changes) assert.equal(await settle(job, change), "cancelled");
      assert.deepEqual(definedFields(await get(id)), before);
      assert.equal((await attemptsOf(store, id)).length, 1);
    });

    test("an outcome after the lease was swept changes nothing", async (fixture) => {
      const { add, claimOne, settle, get, clock, sweep } = fixture;
      const { id } = await add();
      const job = await claimOne({ leaseMs: 1_000 });
      clock.pass(1_001);
      await sweep();
      const before = definedFields(await get(id));
      for (const change of changes) assert.equal(await settle(job, change), "lost");
      assert.deepEqual(definedFields(await get(id)), before);
    });

    test("an outcome after another worker took over is lost, the other's is held", async (fixture) => {
      const { add, claimOne, settle, get, clock, sweep } = fixture;
      const { id } = await add();
      const late = await claimOne({ leaseMs: 1_000 });
      clock.pass(1_001);
      await sweep();
      const present = await claimOne();
      const before = definedFields(await get(id));
      for (const change of changes) assert.equal(await settle(late, change), "lost");
      assert.deepEqual(definedFields(await get(id)), before);
      assert.equal(await settle(present, completed), "held");
    });

    test("an expired lease that nobody swept may still be settled", async (fixture) => {
      const { add, claimOne, settle, statusOf, clock } = fixture;
      const { id } = await add();
      const job = await claimOne({ leaseMs: 1_000 });
      clock.pass(60_000);
      assert.equal(await settle(job, completed), "held");
      assert.equal(await statusOf(id), "completed");
    });

    test("an outcome after the job was removed is lost", async (fixture) => {
      const { add, claimOne, settle, store, clock } = fixture;
      await add();
      const job = await claimOne();
      await settle(job, completed);
      clock.pass(10);
      await store.maintain({ retentionMs: 1, limit: 10 });
      assert.equal(await settle(job, completed), "lost");
    });

    test("in one batch each outcome stands for itself", async (fixture) => {
      const { addAll, claim, settle, store, statusOf } = fixture;
      await addAll(Array(5).fill({}));
      const jobs = await claim();
      const [first, spent, cancelled, wrong, last] = jobs;
      await settle(spent!, failed);
      await store.cancel(cancelled!.id, { error: reason });
      const settlements = [
        settlement(first!, completed),
        settlement(spent!, completed),
        settlement(cancelled!, completed),
        settlement({ ...wrong!, leaseToken: crypto.randomUUID() }, completed),
        settlement(last!, retrying),
      ];
      const { settled } = await store.settleAndClaim({ settlements, claims: [] });
      assert.deepEqual(settled, ["held", "lost", "cancelled", "lost", "held"]);
      assert.deepEqual(
        await Promise.all(jobs.map(({ id }) => statusOf(id))),
        ["completed", "failed", "cancelled", "running", "retrying"],
      );
    });
  });
}

function nameOf(change: Change): string {
  if (change.status !== "ready") return change.status;
  return change.started ? "released" : "never started";
}
