import assert from "node:assert/strict";
import { describe } from "node:test";
import { completed, leaseOf, newJobId, reason } from "./inputs.ts";
import { attemptsOf, definedFields } from "./answers.ts";
import type { TestStore } from "./fixture.ts";

const leaseMs = 1_000;
const backoff = JSON.stringify({ type: "fixed", delayMs: 7_000 });

export function describeLeases(test: TestStore): void {
  describe("extending leases", () => {
    test("an extended lease lasts from now on", async (fixture) => {
      const { add, claimOne, store, clock, sweep } = fixture;
      await add();
      const job = await claimOne({ leaseMs });
      clock.pass(900);
      assert.deepEqual(await store.extend([leaseOf(job)], { leaseMs: 5_000 }), ["held"]);
      clock.pass(4_999);
      assert.deepEqual(await sweep(), []);
      clock.pass(2);
      assert.deepEqual((await sweep()).map(({ id }) => id), [job.id]);
    });

    test("each lease is answered for itself, in order", async (fixture) => {
      const { addAll, claim, settle, store } = fixture;
      await addAll(Array(4).fill({}));
      const [held, cancelled, ended, last] = await claim();
      await store.cancel(cancelled!.id, { error: reason });
      await settle(ended!, completed);
      const wrong = { ...leaseOf(held!), leaseToken: crypto.randomUUID() };
      const unknown = { ...leaseOf(held!), jobId: newJobId() };
      const leases = [held!, cancelled!, ended!, last!].map(leaseOf);
      assert.deepEqual(
        await store.extend([...leases, wrong, unknown], { leaseMs }),
        ["held", "cancelled", "lost", "held", "lost", "lost"],
      );
    });

    test("extending nothing answers nothing", async ({ store }) => {
      assert.deepEqual(await store.extend([], { leaseMs }), []);
    });

    test("a lease that was swept cannot be extended", async (fixture) => {
      const { add, claimOne, store, clock, sweep, statusOf } = fixture;
      const { id } = await add();
      const job = await claimOne({ leaseMs });
      clock.pass(leaseMs + 1);
      await sweep();
      assert.deepEqual(await store.extend([leaseOf(job)], { leaseMs }), ["lost"]);
      assert.equal(await statusOf(id), "ready");
    });

    test("a lost lease does not extend that of the present holder", async (fixture) => {
      const { add, claimOne, store, clock, sweep } = fixture;
      await add();
      const late = await claimOne({ leaseMs });
      clock.pass(leaseMs + 1);
      await sweep();
      await claimOne({ leaseMs });
      assert.deepEqual(await store.extend([leaseOf(late)], { leaseMs: 60_000 }), ["lost"]);
      clock.pass(leaseMs + 1);
      assert.equal((await sweep()).length, 1);
    });
  });

  describe("sweeping leases", () => {
    test("an empty store has nothing to sweep", async ({ store }) => {
      const result = await store.maintain({ retentionMs: 0, limit: 10 });
      assert.deepEqual({ ...result }, { expired: [], refused: [], removed: 0 });
    });

    test("a lease that holds is left alone", async ({ add, claimOne, clock, sweep, statusOf }) => {
      const { id } = await add();
      await claimOne({ leaseMs });
      clock.pass(leaseMs - 1);
      assert.deepEqual(await sweep(), []);
      assert.equal(await statusOf(id), "running");
    });

    test("a job with attempts left waits its back-off and its attempt is remembered", async (fixture) => {
      const { add, claim, claimOne, begin, clock, sweep, get, store } = fixture;
      const { id } = await add({ maxAttempts: 2, backoff });
      const job = await claimOne({ leaseMs });
      const { startedAt } = job;
      await begin(job, leaseMs);
      clock.pass(leaseMs + 1);
      const [expired] = await sweep();
      const { lostAttempt, sweptAt, ...record } = expired!;
      assert.deepEqual(definedFields(record), definedFields(await get(id)));
      assert.deepEqual([lostAttempt, sweptAt], [1, clock.now()]);
      assert.deepEqual([expired?.status, expired?.attempts], ["retrying", 1]);
      assert.equal(expired?.runAt, clock.now() + 7_000);
      assert.equal(expired?.finishedAt, undefined);
      const [attempt, ...more] = await attemptsOf(store, id);
      assert.deepEqual(more, []);
      assert.deepEqual([attempt?.attempt, attempt?.outcome], [1, "lease_expired"]);
      assert.deepEqual([attempt?.startedAt, attempt?.finishedAt], [startedAt, clock.now()]);
      assert.equal(attempt?.error?.name, "LeaseLostError");
      assert.deepEqual(await claim(), []);
      clock.pass(7_000);
      assert.equal((await claimOne()).attempts, 2);
    });

    test("a job without attempts left has failed", async (fixture) => {
      const { add, claimOne, begin, clock, sweep, get } = fixture;
      const { id } = await add({ maxAttempts: 1 });
      await begin(await claimOne({ leaseMs }), leaseMs);
      clock.pass(leaseMs + 1);
      const [expired] = await sweep();
      const { lostAttempt, sweptAt, ...record } = expired!;
      assert.deepEqual(definedFields(record), definedFields(await get(id)));
      assert.deepEqual([lostAttempt, sweptAt], [1, clock.now()]);
      assert.deepEqual([expired?.status, expired?.finishedAt], ["failed", clock.now()]);
      assert.equal(expired?.error?.name, "LeaseLostError");
    });

    test("the dependents of a job that failed so are handled", async (fixture) => {
      const { add, claimOne, begin, clock, sweep, statusOf } = fixture;
      const { id } = await add({ maxAttempts: 1 });
      const cancels = await add({ dependsOn: [id] });
      const runs = await add({ dependsOn: [id], onDependencyFailure: "run" });
      await begin(await claimOne({ leaseMs }), leaseMs);
      clock.pass(leaseMs + 1);
      await sweep();
      assert.equal(await statusOf(cancels.id), "cancelled");
      assert.equal(await statusOf(runs.id), "ready");
    });

    test("one call sweeps no more than its limit", async ({ addAll, claim, clock, sweep }) => {
      await addAll(Array(5).fill({}));
      await claim({ leaseMs });
      clock.pass(leaseMs + 1);
      const swept = [await sweep(2), await sweep(2), await sweep(2), await sweep(2)];
      assert.deepEqual(swept.map((jobs) => jobs.length), [2, 2, 1, 0]);
      assert.equal(new Set(swept.flat().map(({ id }) => id)).size, 5);
    });

    test("a lease is swept once", async ({ add, claimOne, clock, sweep }) => {
      await add();
      await claimOne({ leaseMs });
      clock.pass(leaseMs + 1);
      const sweeps = await Promise.all([sweep(), sweep(), sweep()]);
      assert.equal(sweeps.flat().length, 1);
    });
  });
}
