import assert from "node:assert/strict";
import { describe } from "node:test";
import { completed, failed, failure, leaseOf, neverStarted, released, retrying } from "./inputs.ts";
import type { Fixture, TestStore } from "./fixture.ts";
import { attemptsOf, definedFields } from "./answers.ts";
import type { ClaimedJob } from "../../src/store.ts";

const leaseMs = 1_000;

export function describeBegunAttempts(test: TestStore): void {
  describe("attempts are those that began", () => {
    test("an expiry before a recorded begin charges nothing, and the job is a suspect", async (fixture) => {
      const { add, claimOne, get, store, clock } = fixture;
      const { id, runAt } = await add({ maxAttempts: 1 });
      const first = await claimOne({ leaseMs });
      assert.deepEqual([first.attempts, first.isSuspect], [1, false]);
      const expired = await expire(fixture);
      const { lostAttempt, sweptAt, ...record } = expired;
      assert.deepEqual([lostAttempt, sweptAt], [1, clock.now()]);
      assert.deepEqual(definedFields(record), definedFields(await get(id)));
      assert.deepEqual([record.status, record.attempts, record.runAt], ["ready", 0, runAt]);
      assert.deepEqual(
        (await attemptsOf(store, id)).map(({ attempt, outcome }) => [attempt, outcome]),
        [[1, "lease_expired"]],
      );
      const again = await claimOne({ leaseMs });
      assert.deepEqual([again.attempts, again.isSuspect], [1, true]);
    });

    test("a suspect that expires without a begin surely did not begin, however often", async (fixture) => {
      const { add, claimOne, get, store } = fixture;
      const { id } = await add({ maxAttempts: 1 });
      await claimOne({ leaseMs });
      await expire(fixture);
      for (let times = 0; times < 3; times++) {
        const job = await claimOne({ leaseMs });
        await store.extend([{ ...leaseOf(job), attempt: "waits" }], { leaseMs });
        const { lostAttempt, status, attempts } = await expire(fixture);
        assert.deepEqual([lostAttempt, status, attempts], [undefined, "ready", 0]);
      }
      assert.equal((await attemptsOf(store, id)).length, 1);
      assert.equal((await get(id)).error?.name, "LeaseLostError");
    });

    for (const attempt of ["begins", "running"] as const) {
      test(`an attempt that ${attempt} is charged when its lease expires`, async (fixture) => {
        const { add, claimOne, store } = fixture;
        await add({ maxAttempts: 1 });
        const job = await claimOne({ leaseMs });
        await store.extend([{ ...leaseOf(job), attempt }], { leaseMs });
        // Who says so later takes nothing back.
        await store.extend([{ ...leaseOf(job), attempt: "waits" }], { leaseMs });
        const { status, attempts } = await expire(fixture);
        assert.deepEqual([status, attempts], ["failed", 1]);
      });
    }

    test("the begin of one attempt is not that of the next", async (fixture) => {
      const { add, claimOne, begin, settle, clock } = fixture;
      await add({ maxAttempts: 2 });
      const first = await claimOne({ leaseMs });
      await begin(first, leaseMs);
      await settle(first, retrying);
      clock.pass(1_000);
      await claimOne({ leaseMs });
      const { status, attempts } = await expire(fixture);
      assert.deepEqual([status, attempts], ["ready", 1]);
    });

    test("a poison pill starts once more than it has attempts", async (fixture) => {
      const { add, claimOne, begin, get, clock } = fixture;
      const { id } = await add({ maxAttempts: 3 });
      for (let starts = 0; starts < 4; starts++) {
        clock.pass(3_600_000);
        const job = await claimOne({ leaseMs });
        assert.equal(job.isSuspect, starts > 0);
        if (job.isSuspect) await begin(job, leaseMs);
        await expire(fixture);
      }
      const { status, attempts } = await get(id);
      assert.deepEqual([status, attempts], ["failed", 3]);
    });

    test("a suspect stays one when a caller retries it", async (fixture) => {
      const { add, claimOne, begin, store } = fixture;
      const { id } = await add({ maxAttempts: 1 });
      await claimOne({ leaseMs });
      await expire(fixture);
      await begin(await claimOne({ leaseMs }), leaseMs);
      assert.equal((await expire(fixture)).status, "failed");
      await store.retry(id);
      const { attempts, isSuspect } = await claimOne();
      assert.deepEqual([attempts, isSuspect], [2, true]);
    });

    test("a suspect that was not started after all is charged nothing", async (fixture) => {
      const { add, claimOne, begin, settle, get } = fixture;
      const { id } = await add({ maxAttempts: 1 });
      await claimOne({ leaseMs });
      await expire(fixture);
      const job = await claimOne({ leaseMs });
      await begin(job, leaseMs);
      await settle(job, neverStarted);
      assert.deepEqual([(await get(id)).status, (await get(id)).attempts], ["ready", 0]);
    });

    test("a begin is recorded for the holder of the lease alone", async (fixture) => {
      const { add, claimOne, begin, store } = fixture;
      const { id } = await add();
      const job = await claimOne({ leaseMs });
      const stranger = { id, leaseToken: crypto.randomUUID() };
      assert.equal(await begin(stranger, leaseMs), "lost");
      assert.equal((await expire(fixture)).attempts, 0);
      assert.equal(await begin(job, leaseMs), "lost");
      const again = await claimOne({ leaseMs });
      await store.cancel(id, { error: failure });
      assert.equal(await begin(again, leaseMs), "cancelled");
    });
  });

  describe("the back-off of a lost attempt", () => {
    const rules = [
      { rule: { type: "fixed", delayMs: 250 }, least: 250, most: 250 },
      { rule: { type: "linear", delayMs: 200 }, least: 400, most: 400 },
      { rule: { type: "linear", delayMs: 200, maxMs: 300 }, least: 300, most: 300 },
      { rule: { type: "exponential", delayMs: 100, jitter: 0 }, least: 200, most: 200 },
      { rule: { type: "exponential", delayMs: 1_000, jitter: 1 }, least: 0, most: 2_000 },
      { rule: { type: "exponential", delayMs: 900, maxMs: 950, jitter: 0 }, least: 950, most: 950 },
      { rule: undefined, least: 1_000, most: 2_000 },
    ];
    for (const { rule, least, most } of rules) {
      test(`follows ${rule ? JSON.stringify(rule) : "the default rule"}`, async (fixture) => {
        const { add, claimOne, begin, settle, clock } = fixture;
        await add({ ...(rule && { backoff: JSON.stringify(rule) }) });
        await settle(await claimOne(), { ...retrying, delayMs: 0 });
        await begin(await claimOne({ leaseMs }), leaseMs);
        const { status, attempts, runAt } = await expire(fixture);
        assert.deepEqual([status, attempts], ["retrying", 2]);
        assert.ok(runAt >= clock.now() + least && runAt <= clock.now() + most, `${runAt}`);
      });
    }

    test("has a longest wait however many attempts there were", async (fixture) => {
      const { add, claimOne, begin, settle, clock } = fixture;
      const rule = { type: "exponential", delayMs: 1e10, maxMs: 3e10, jitter: 0 };
      await add({ maxAttempts: 1_000, backoff: JSON.stringify(rule) });
      for (let attempt = 1; attempt < 80; attempt++) {
        await settle(await claimOne(), { ...retrying, delayMs: 0 });
      }
      await begin(await claimOne({ leaseMs }), leaseMs);
      assert.equal((await expire(fixture)).runAt, clock.now() + 3e10);
    });
  });

  describe("releases in a row", () => {
    test("are counted, where the attempt had begun", async (fixture) => {
      const { add, claimOne, settle, get } = fixture;
      const { id, releases } = await add();
      assert.equal(releases, 0);
      for (
        const [change, count] of [[released, 1], [neverStarted, 1], [released, 2]] as const
      ) {
        await settle(await claimOne(), change);
        const job = await get(id);
        assert.deepEqual([job.status, job.attempts, job.releases], ["ready", 0, count]);
      }
      assert.equal((await claimOne()).releases, 2);
      assert.equal((await get(id)).releases, 2);
    });

    const ends:
      readonly (readonly [string, (fixture: Fixture, job: ClaimedJob) => Promise<unknown>])[] = [
        ["completes", ({ settle }, job) => settle(job, completed)],
        ["fails", ({ settle }, job) => settle(job, failed)],
        ["is to be retried", ({ settle }, job) => settle(job, retrying)],
        ["is lost", async (fixture, job) => {
          await fixture.begin(job, leaseMs);
          await expire(fixture);
        }],
        ["is cancelled", ({ store }, job) => store.cancel(job.id, { error: failure })],
      ];
    for (const [name, end] of ends) {
      test(`end when an attempt ${name}`, async (fixture) => {
        const { add, claimOne, settle, get } = fixture;
        const { id } = await add();
        await settle(await claimOne(), released);
        await end(fixture, await claimOne({ leaseMs }));
        assert.equal((await get(id)).releases, 0);
      });
    }

    test("do not end with an attempt that perhaps never began", async (fixture) => {
      const { add, claimOne, settle } = fixture;
      await add();
      await settle(await claimOne(), released);
      await claimOne({ leaseMs });
      assert.equal((await expire(fixture)).releases, 1);
    });

    test("can be charged as an attempt that was cut off", async (fixture) => {
      const { add, claimOne, settle, get, store } = fixture;
      const { id } = await add();
      await settle(await claimOne(), { ...retrying, outcome: "released" });
      const { status, attempts, error } = await get(id);
      assert.deepEqual([status, attempts, error], ["retrying", 1, failure]);
      const [attempt] = await attemptsOf(store, id);
      assert.deepEqual([attempt?.attempt, attempt?.outcome], [1, "released"]);
    });
  });
}

/** Lets the one lease that is held run out. */
async function expire({ clock, sweep }: Fixture) {
  clock.pass(leaseMs + 1);
  const [expired, ...more] = await sweep();
  assert.ok(expired);
  assert.deepEqual(more, []);
  return expired;
}
