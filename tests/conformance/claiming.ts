import assert from "node:assert/strict";
import { describe } from "node:test";
import { defaultQueue, failed, released, retrying } from "./inputs.ts";
import { definedFields } from "./answers.ts";
import type { TestStore } from "./fixture.ts";

export function describeClaiming(test: TestStore): void {
  describe("claiming", () => {
    test("a claimed job is running and its attempt is counted", async (fixture) => {
      const { add, claimOne, get, clock } = fixture;
      const { id } = await add();
      clock.pass(10);
      const { leaseToken, waitMs, isSuspect, dependencyTraceparents, ...record } = await claimOne();
      assert.equal(typeof leaseToken, "string");
      assert.deepEqual([waitMs, isSuspect], [10, false]);
      assert.deepEqual(dependencyTraceparents, []);
      const { status, attempts, startedAt } = record;
      assert.deepEqual([status, attempts, startedAt], ["running", 1, clock.now()]);
      assert.deepEqual(definedFields(record), definedFields(await get(id)));
    });

    test("no more than the limit is claimed", async ({ addAll, claim }) => {
      await addAll(Array(10).fill({}));
      assert.equal((await claim({ limit: 3 })).length, 3);
      assert.equal((await claim({ limit: 5 })).length, 5);
      assert.equal((await claim({ limit: 5 })).length, 2);
      assert.equal((await claim({ limit: 5 })).length, 0);
    });

    test("only the asked queue is claimed from", async ({ add, claim, statusOf }) => {
      const other = await add({ queueName: "mails" });
      const { id } = await add();
      assert.deepEqual((await claim()).map((job) => job.id), [id]);
      assert.equal(await statusOf(other.id), "ready");
    });

    test("one call claims from several queues, each with its own limit and lease", async (fixture) => {
      const { addAll, store, clock, sweep } = fixture;
      await addAll(Array(3).fill({ queueName: "payments" }));
      await addAll(Array(3).fill({ queueName: "mails" }));
      await addAll(Array(3).fill({ queueName: "imports" }));
      const { claimed } = await store.settleAndClaim({
        settlements: [],
        claims: [
          { queueName: "payments", limit: 2, leaseMs: 1_000 },
          { queueName: "mails", limit: 1, leaseMs: 5_000 },
          { queueName: "empty", limit: 5, leaseMs: 5_000 },
        ],
      });
      const queues = claimed.map(({ queueName }) => queueName).sort();
      assert.deepEqual(queues, ["mails", "payments", "payments"]);
      clock.pass(2_000);
      const expired = await sweep();
      assert.deepEqual(expired.map(({ queueName }) => queueName), ["payments", "payments"]);
    });

    test("a call without claims claims nothing", async ({ add, store, statusOf }) => {
      const { id } = await add();
      const result = await store.settleAndClaim({ settlements: [], claims: [] });
      assert.deepEqual({ ...result }, { settled: [], claimed: [], nextInMs: [] });
      assert.equal(await statusOf(id), "ready");
    });

    test("nothing is claimed twice, however many ask at once", async ({ addAll, claim }) => {
      const added = await addAll(Array(60).fill({}));
      const claims = await Promise.all(Array.from({ length: 12 }, () => claim({ limit: 7 })));
      const ids = claims.flat().map(({ id }) => id);
      assert.equal(ids.length, 60);
      assert.deepEqual(new Set(ids), new Set(added.map(({ job }) => job.id)));
    });

    test("a thousand are claimed in one call", async ({ addAll, claim }) => {
      await addAll(Array(1_000).fill({}));
      assert.equal((await claim({ limit: 1_000 })).length, 1_000);
    });

    test("a claim of a later attempt counts on and has another token", async (fixture) => {
      const { add, claimOne, settle, clock } = fixture;
      await add();
      const first = await claimOne();
      await settle(first, retrying);
      clock.pass(1_000);
      const second = await claimOne();
      assert.deepEqual([first.attempts, second.attempts], [1, 2]);
      assert.notEqual(second.leaseToken, first.leaseToken);
    });

    test("an attempt that was released is repeated under its number", async (fixture) => {
      const { add, claimOne, settle } = fixture;
      await add();
      const first = await claimOne();
      await settle(first, released);
      const again = await claimOne();
      assert.equal(again.attempts, 1);
      assert.notEqual(again.leaseToken, first.leaseToken);
    });

    test("jobs that ended, run or are blocked are not claimed", async (fixture) => {
      const { add, claim, claimOne, settle } = fixture;
      await add();
      await settle(await claimOne(), failed);
      const running = await add();
      await claimOne();
      await add({ dependsOn: [running.id] });
      assert.deepEqual(await claim(), []);
    });

    test("waitMs counts from when a job was due", async (fixture) => {
      const { add, claimOne, settle, clock } = fixture;
      await add({ delayMs: 1_000 });
      clock.pass(1_250);
      const first = await claimOne();
      assert.equal(first.waitMs, 250);
      await settle(first, retrying);
      clock.pass(1_400);
      assert.equal((await claimOne()).waitMs, 400);
    });

    test("a queue that nobody ever used is empty", async ({ store }) => {
      const claims = [{ queueName: defaultQueue, limit: 1, leaseMs: 1_000 }];
      const result = await store.settleAndClaim({ settlements: [], claims });
      assert.deepEqual({ ...result }, { settled: [], claimed: [], nextInMs: [undefined] });
    });
  });
}
