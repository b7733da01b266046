import assert from "node:assert/strict";
import { describe } from "node:test";
import { completed, failed, failure, neverStarted, released, retrying } from "./inputs.ts";
import { attemptsOf, definedFields } from "./answers.ts";
import type { TestStore } from "./fixture.ts";

const traceparent = "00-550e8400e29b41d4a716446655440000-b7ad6b7169203331-01";

export function describeSettling(test: TestStore): void {
  describe("settling", () => {
    test("a completed job keeps its result and its times", async (fixture) => {
      const { add, claimOne, settle, get, clock, store } = fixture;
      const { id } = await add();
      const before = definedFields(await claimOne());
      clock.pass(100);
      const job = { id, leaseToken: before.leaseToken! };
      assert.equal(await settle(job, completed, { runMs: 70, traceparent }), "held");
      const { leaseToken: _, waitMs: __, isSuspect: ___, ...rest } = before;
      const { dependencyTraceparents: ____, ...claimed } = rest;
      assert.deepEqual(definedFields(await get(id)), {
        ...claimed,
        status: "completed",
        result: '"paid"',
        startedAt: clock.now() - 70,
        finishedAt: clock.now(),
        attemptTraceparent: traceparent,
      });
      assert.deepEqual(await attemptsOf(store, id), []);
    });

    test("a handler that returns nothing leaves no result", async (fixture) => {
      const { add, claimOne, settle, get } = fixture;
      const { id } = await add();
      await settle(await claimOne(), {
        status: "completed",
        outcome: "completed",
        result: undefined,
      });
      const { result, error, attemptTraceparent } = await get(id);
      assert.deepEqual([result, error, attemptTraceparent], [undefined, undefined, undefined]);
    });

    test("a failed attempt waits for its retry and is remembered", async (fixture) => {
      const { add, claimOne, settle, get, clock, store } = fixture;
      const { id } = await add();
      const job = await claimOne();
      clock.pass(100);
      await settle(job, retrying, { runMs: 40, traceparent });
      const { status, attempts, runAt, finishedAt, ...record } = await get(id);
      assert.deepEqual([status, attempts], ["retrying", 1]);
      assert.deepEqual([runAt, finishedAt], [clock.now() + 1_000, undefined]);
      assert.deepEqual([record.error, record.attemptTraceparent], [failure, traceparent]);
      assert.deepEqual((await attemptsOf(store, id)).map(definedFields), [{
        jobId: id,
        attempt: 1,
        outcome: "failed",
        startedAt: clock.now() - 40,
        finishedAt: clock.now(),
        error: failure,
        traceparent,
      }]);
    });

    test("a job that failed for good ends with its error", async (fixture) => {
      const { add, claimOne, settle, get, clock, store } = fixture;
      const { id } = await add();
      await settle(await claimOne(), { status: "failed", outcome: "timed_out", error: failure });
      const { status, finishedAt, error } = await get(id);
      assert.deepEqual([status, finishedAt, error], ["failed", clock.now(), failure]);
      const [attempt] = await attemptsOf(store, id);
      assert.deepEqual([attempt?.attempt, attempt?.outcome], [1, "timed_out"]);
    });

    test("an error without a stack stays without", async ({ add, claimOne, settle, get }) => {
      const error = { name: "NonError", message: "A string was thrown: no" };
      const { id } = await add();
      await settle(await claimOne(), { ...failed, error });
      assert.deepEqual(definedFields((await get(id)).error!), error);
    });

    test("a job that completes after a failure has no error, but its history", async (fixture) => {
      const { add, claimOne, settle, get, clock, store } = fixture;
      const { id } = await add();
      await settle(await claimOne(), retrying, { traceparent });
      clock.pass(1_000);
      await settle(await claimOne(), completed);
      const { error, attempts, attemptTraceparent } = await get(id);
      assert.deepEqual([error, attempts, attemptTraceparent], [undefined, 2, undefined]);
      assert.equal((await attemptsOf(store, id)).length, 1);
    });

    test("attempts are remembered oldest first", async (fixture) => {
      const { add, claimOne, settle, clock, store } = fixture;
      const { id } = await add();
      for (const change of [retrying, { ...retrying, outcome: "timed_out" }, failed] as const) {
        await settle(await claimOne(), change);
        clock.pass(1_000);
      }
      const attempts = await attemptsOf(store, id);
      assert.deepEqual(attempts.map(({ attempt }) => attempt), [1, 2, 3]);
      assert.deepEqual(attempts.map((one) => one.outcome), ["failed", "timed_out", "failed"]);
    });

    test("an attempt that is released while it ran is remembered", async (fixture) => {
      const { add, claimOne, settle, get, clock, store } = fixture;
      const { id } = await add();
      const job = await claimOne();
      clock.pass(100);
      await settle(job, released, { runMs: 60, traceparent });
      const { status, attempts, finishedAt } = await get(id);
      assert.deepEqual([status, attempts, finishedAt], ["ready", 0, undefined]);
      assert.deepEqual((await attemptsOf(store, id)).map(definedFields), [{
        jobId: id,
        attempt: 1,
        outcome: "released",
        startedAt: clock.now() - 60,
        finishedAt: clock.now(),
        traceparent,
      }]);
    });

    test("an attempt that never started leaves no trace", async (fixture) => {
      const { add, claimOne, settle, get, clock, store } = fixture;
      const { id } = await add();
      await settle(await claimOne(), retrying, { traceparent });
      clock.pass(1_000);
      await settle(await claimOne(), neverStarted, { runMs: 0 });
      const { status, attempts, error, attemptTraceparent, startedAt } = await get(id);
      assert.deepEqual([status, attempts], ["ready", 1]);
      assert.deepEqual([error, attemptTraceparent], [failure, traceparent]);
      assert.equal(startedAt, clock.now());
      assert.equal((await attemptsOf(store, id)).length, 1);
    });

    test("a run time may be a fraction", async ({ add, claimOne, settle, get, clock }) => {
      const { id } = await add();
      await settle(await claimOne(), completed, { runMs: 12.4 });
      const { startedAt, finishedAt } = await get(id);
      assert.ok(Math.abs(clock.now() - 12.4 - startedAt!) < 1);
      assert.equal(finishedAt, clock.now());
    });
  });
}
