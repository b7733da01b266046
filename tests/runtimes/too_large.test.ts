import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { job, JobQueue, memory, type Store, StoreTimeoutError, WorkerPool } from "../../mod.ts";
import { inVirtualTime, type VirtualTime } from "../virtual_time.ts";

interface Work extends Record<string, unknown> {
  a: number;
  b: number;
}

const CALL_LIMIT_MS = 50;
const numbers = (count: number) => Array.from({ length: count }, (_, n) => n);

/** What was asked of a store, and how it went. */
interface Call {
  readonly settled: number;
  readonly claimed: number;
  readonly isInTime: boolean;
}

/** A store that gives up what is larger than it can do in its time, and has done nothing of it then. */
function limited(
  time: VirtualTime,
  can: { settle: number; claim: number; extend: number },
): { store: Store; calls: Call[]; extended: number[] } {
  const store = memory({ now: time.now });
  const { settleAndClaim, extend } = store;
  const calls: Call[] = [];
  const extended: number[] = [];
  const giveUp = async () => {
    await time.pause(CALL_LIMIT_MS);
    throw new StoreTimeoutError("It took longer than it may");
  };
  store.settleAndClaim = async (request) => {
    const settled = request.settlements.length;
    const claimed = request.claims.reduce((sum, { limit }) => sum + limit, 0);
    const isInTime = settled / can.settle + claimed / can.claim <= 1;
    calls.push({ settled, claimed, isInTime });
    if (!isInTime) return await giveUp();
    await time.pause(1);
    return await settleAndClaim.call(store, request);
  };
  store.extend = async (extensions, leaseMs) => {
    if (extensions.length > can.extend) return await giveUp();
    extended.push(extensions.length);
    return await extend.call(store, extensions, leaseMs);
  };
  return { store, calls, extended };
}

describe("a batch that takes a store too long", () => {
  for (const most of [1, 7, 300]) {
    test(`is halved and grows again slowly: ${most} at once, by 2,000 places`, async () => {
      await inVirtualTime(async (time) => {
        const { store, calls } = limited(time, { settle: most, claim: most, extend: Infinity });
        const queue = new JobQueue<Work>({ store });
        const count = Math.min(3_000, 100 * most);
        await queue.enqueue(numbers(count).map((n) => job("a", n)));
        const errors: unknown[] = [];
        const worker = queue.worker("a", () => time.pause(3), {
          concurrency: 2_000,
          onError: (error) => errors.push(error),
        });
        assert.equal((await worker.tick()).completed, count);
        const late = calls.filter(({ isInTime }) => !isInTime);
        assert.ok(errors.every((error) => error instanceof StoreTimeoutError));
        assert.equal(errors.length, late.length, "each is reported");
        assert.ok(late.length <= 15 + calls.length / 8, `${late.length} of ${calls.length}`);
      });
    });
  }

  test("keeps neither outcomes from being recorded nor jobs from being claimed", async () => {
    await inVirtualTime(async (time) => {
      // One outcome and one claim, but not both.
      const { store } = limited(time, { settle: 1, claim: 1, extend: Infinity });
      const queue = new JobQueue<Work>({ store });
      await queue.enqueue(numbers(20).flatMap((n) => [job("a", n), job("b", n)]));
      const pool = new WorkerPool(
        (["a", "b"] as const).map((name) =>
          queue.worker(name, () => {}, { concurrency: 10, onError: () => {} })
        ),
      );
      assert.equal((await pool.tick()).completed, 40);
    });
  });

  test("is larger again once the store can do more", async () => {
    await inVirtualTime(async (time) => {
      const can = { settle: 10, claim: 10, extend: Infinity };
      const { store, calls } = limited(time, can);
      const queue = new JobQueue<Work>({ store });
      await queue.enqueue(numbers(6_000).map((n) => job("a", n)));
      const worker = queue.worker("a", () => time.pause(1), {
        concurrency: 1_000,
        onError: () => {},
      });
      setTimeout(() => Object.assign(can, { settle: Infinity, claim: Infinity }), 500);
      assert.equal((await worker.tick()).completed, 6_000);
      assert.ok(Math.max(...calls.slice(-20).map(({ settled }) => settled)) > 200);
    });
  });

  test("of leases is halved too: each job keeps its own", async () => {
    await inVirtualTime(async (time) => {
      const { store, extended } = limited(time, { settle: 1e6, claim: 1e6, extend: 60 });
      const queue = new JobQueue<Work>({ store });
      await queue.enqueue(numbers(500).map((n) => job("a", n)));
      const worker = queue.worker("a", () => time.pause(6_000), {
        concurrency: 500,
        leaseMs: 3_000,
        onError: () => {},
      });
      const { completed, leaseExpired } = await worker.tick();
      assert.deepEqual([completed, leaseExpired], [500, 0]);
      assert.ok(Math.max(...extended) <= 60);
    });
  });

  test("of a maintenance run, of ends of traces and of leases to check is halved too", async () => {
    await inVirtualTime(async (time) => {
      const store = memory({ now: time.now });
      const late: string[] = [];
      const most = 30;
      let calls = 0;
      const limit = (name: string, size: number) => {
        calls++;
        if (size <= most) return;
        late.push(name);
        throw new StoreTimeoutError("It took longer than it may");
      };
      const { maintain, check } = store;
      const traceEnds = store.traceEnds!;
      const { claim, settle } = traceEnds;
      store.maintain = async (
        one,
      ) => (limit("maintain", one.limit), await maintain.call(store, one));
      traceEnds.claim = async (one) => {
        limit("traceEnds.claim", one.limit);
        return await claim(one);
      };
      traceEnds.settle = async (ends) => {
        limit("traceEnds.settle", ends.length);
        await settle(ends);
      };
      store.check = async (leases) => {
        limit("check", leases.length);
        return await check.call(store, leases);
      };
      Object.assign(store.hints, { hearsOthers: false });
      const queue = new JobQueue<Work>({ store });
      const { id } = await queue.enqueue("b", 1);
      const claims = [{ queueName: "b", limit: 1, leaseMs: 100 }];
      await store.settleAndClaim({ settlements: [], claims });
      await queue.enqueue(numbers(200).map((n) => job("a", n)));
      const told = new Set<string>();
      const errors: unknown[] = [];
      const onError = (error: unknown) => errors.push(error);
      const pool = new WorkerPool([
        queue.worker("a", () => time.pause(8_000), {
          concurrency: 200,
          onError,
          onTraceComplete: ({ traceId }) => told.add(traceId),
        }),
        queue.worker("b", () => {}, { onError }),
      ]);
      const run = pool.run();
      await time.pause(30_000);
      assert.equal(told.size, 201);
      assert.equal((await queue.get(id))?.status, "completed");
      assert.deepEqual([...new Set(late)].sort(), ["check", "maintain", "traceEnds.claim"]);
      assert.equal(errors.length, late.length);
      assert.ok(late.length <= 15 + calls / 8, `${late.length} of ${calls}`);
      await pool.stop();
      await run;
    });
  });

  test("that is one job already fails a tick, and holds a run only for as long", async () => {
    await inVirtualTime(async (time) => {
      const can = { settle: 1e6, claim: 0.5, extend: Infinity };
      const { store } = limited(time, can);
      const queue = new JobQueue<Work>({ store });
      await queue.enqueue("a", 1);
      const worker = queue.worker("a", () => {}, { onError: () => {} });
      await assert.rejects(worker.tick(), StoreTimeoutError);
      const run = worker.run();
      await time.pause(2_000);
      can.claim = 1;
      await time.pause(20_000);
      await worker.stop();
      assert.equal((await run).completed, 1);
    });
  });
});
