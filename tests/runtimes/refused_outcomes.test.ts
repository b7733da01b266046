import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { job, JobQueue, memory, type Store } from "../../mod.ts";
import type { Settlement } from "../../src/store/store.ts";

describe("a store that refuses an outcome", () => {
  test("is asked for each of the others, and for no more than it takes to find the one", async () => {
    const store = memory();
    const queue = new JobQueue({ store });
    let calls = 0;
    refuse(store, ({ change }) => {
      calls++;
      return change.status === "completed" && change.result === '"bad"';
    });
    await queue.enqueue(Array.from({ length: 64 }, (_, i) => job("orders", i, { maxAttempts: 1 })));
    const worker = queue.worker("orders", ({ payload }) => payload === 40 ? "bad" : "good", {
      concurrency: 64,
    });
    const { completed, failed } = await worker.tick();
    assert.deepEqual([completed, failed], [63, 1]);
    assert.ok(calls < 64 * 8, `${calls} looks at outcomes`);
  });

  test("keeps all outcomes when it refuses every call for a while", async () => {
    const store = memory();
    const queue = new JobQueue({ store });
    const { settleAndClaim } = store;
    let refusals = 0;
    store.settleAndClaim = (request) => {
      const isAway = refusals < 5 &&
        (request.settlements.length > 0 || request.claims.length === 0);
      if (!isAway) return settleAndClaim.call(store, request);
      refusals++;
      return Promise.reject(new Error("The table is away"));
    };
    await queue.enqueue(Array.from({ length: 3 }, (_, i) => job("orders", i, { maxAttempts: 1 })));
    const errors: unknown[] = [];
    const stop = new AbortController();
    const run = queue.worker("orders", () => "good", {
      onError: (error) => errors.push(error),
      onJobComplete: async () => {
        if ((await queue.store.counts()).every(({ status }) => status === "completed")) {
          stop.abort();
        }
      },
    }).run({ signal: stop.signal });
    const { completed, failed, leaseExpired } = await run;
    assert.deepEqual([completed, failed, leaseExpired], [3, 0, 0]);
    assert.ok(errors.length > 0);
  });

  test("to settle one end of a trace is asked for the others, which are told once", async () => {
    const store = memory();
    const queue = new JobQueue({ store });
    const traces = ["1", "2", "3"].map((digit) => digit.repeat(32));
    const traceEnds = store.traceEnds!;
    const { settle } = traceEnds;
    traceEnds.settle = (ends) =>
      ends.some(({ traceId }) => traceId === traces[0])
        ? Promise.reject(new Error("A constraint is violated"))
        : settle(ends);
    for (const traceId of traces) await queue.enqueue("orders", {}, { traceId });
    const errors: unknown[] = [];
    const told: string[] = [];
    const worker = queue.worker("orders", () => {}, {
      onTraceComplete: ({ traceId }) => void told.push(traceId),
      onError: (error) => errors.push(error),
    });
    await worker.tick();
    assert.deepEqual([told.sort(), errors.length], [traces, 1]);
    const later = await store.traceEnds!.claim({ limit: 10, leaseMs: 1 });
    assert.deepEqual(later, [], "their leases last");
  });

  test("takes a release without its attempt where it refuses it with one", async () => {
    const store = memory();
    const queue = new JobQueue({ store });
    refuse(store, ({ change }) => change.status === "ready" && change.started);
    const { id } = await queue.enqueue("orders", {});
    const worker = queue.worker("orders", async () => {
      void worker.stop({ timeoutMs: 0 });
      await new Promise(() => {});
    });
    assert.equal((await worker.tick()).released, 1);
    const { status, attempts, releases } = (await queue.get(id))!;
    assert.deepEqual([status, attempts, releases], ["ready", 0, 0]);
  });
});

/** Refuses each turn with an outcome of this kind, as a database with a constraint does. */
function refuse(store: Store, isRefused: (settlement: Settlement) => boolean): void {
  const { settleAndClaim } = store;
  store.settleAndClaim = (request) =>
    request.settlements.some(isRefused)
      ? Promise.reject(new Error("A constraint is violated"))
      : settleAndClaim.call(store, request);
}
