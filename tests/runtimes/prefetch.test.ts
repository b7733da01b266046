import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { job, JobQueue, memory, type Store } from "../../mod.ts";
import { until } from "../until.ts";
import { inVirtualTime } from "../virtual_time.ts";

interface Work extends Record<string, unknown> {
  quick: number;
  slow: number;
}

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
const numbers = (count: number) => Array.from({ length: count }, (_, n) => n);

/** A store that notes how many jobs each turn asked for, and answers after a while. */
function noted(afterMs: number): { store: Store; asked: number[] } {
  const store = memory();
  const { settleAndClaim } = store;
  const asked: number[] = [];
  store.settleAndClaim = async (request) => {
    for (const { limit } of request.claims) asked.push(limit);
    await pause(afterMs);
    return settleAndClaim.call(store, request);
  };
  return { store, asked };
}

describe("a worker's prefetch", () => {
  test("claims quick jobs by the hundred, and runs each once in the order of their claim", async () => {
    await inVirtualTime(async () => {
      const { store, asked } = noted(1);
      const queue = new JobQueue<Work>({ store });
      await queue.enqueue(numbers(5_000).map((n) => job("quick", n)));
      const ran: number[] = [];
      const worker = queue.worker("quick", ({ payload }) => ran.push(payload), { concurrency: 1 });
      assert.equal((await worker.tick()).completed, 5_000);
      assert.deepEqual(ran, numbers(5_000));
      assert.equal(asked[0], 1, "Of jobs that it does not know it takes what it can run");
      assert.ok(Math.max(...asked) > 100, `${Math.max(...asked)}`);
      assert.ok(Math.max(...asked) <= 1_001, `${Math.max(...asked)}`);
    });
  });

  test("holds no slow jobs: two workers share them, whichever comes first", async () => {
    await inVirtualTime(async (time) => {
      const { store, asked } = noted(1);
      const queue = new JobQueue<Work>({ store });
      await queue.enqueue(numbers(8).map((n) => job("slow", n)));
      const counts = [0, 0];
      const workers = counts.map((_, i) =>
        queue.worker("slow", async () => {
          counts[i]!++;
          await time.pause(60);
        }, { concurrency: 2 })
      );
      const results = await Promise.all(workers.map((worker) => worker.tick()));
      assert.equal(results[0]!.completed + results[1]!.completed, 8);
      assert.deepEqual(counts, [4, 4]);
      assert.ok(Math.max(...asked) <= 2, `${asked}`);
    });
  });

  test("releases what waits behind a job that has become slow, within a tenth of a second", async () => {
    const queue = new JobQueue<Work>({ store: memory() });
    await queue.enqueue(numbers(2_000).map((n) => job("quick", n)));
    const ends: (() => void)[] = [];
    let started = 0;
    const stuck = queue.worker("quick", ({ payload }) => {
      started++;
      // The handler of one job in the middle does not return.
      return payload === 700 ? new Promise<void>((resolve) => ends.push(resolve)) : undefined;
    }, { concurrency: 1, maintenanceMs: 60_000 });
    const run = stuck.run();
    const stuckAt = await until("the slow job has started", 2_000, () => ends.length > 0)
      .then(() => performance.now());
    const isFree = async () =>
      (await queue.store.counts()).find(({ status }) => status === "ready")?.count ===
        2_000 - started;
    await until("all others are anybody's", 2_000, isFree);
    const waitedMs = performance.now() - stuckAt;
    assert.ok(waitedMs < 1_000, `${waitedMs}`);
    const helper = queue.worker("quick", () => {}, { concurrency: 1 });
    assert.equal((await helper.tick()).completed, 2_000 - started);
    ends[0]!();
    await stuck.stop();
    const { completed, released } = await run;
    assert.equal(completed, started);
    assert.ok(released > 0);
  });

  test("gives back what it holds when it is stopped, and no attempt is counted", async () => {
    const { store } = noted(1);
    const queue = new JobQueue<Work>({ store });
    await queue.enqueue(numbers(3_000).map((n) => job("quick", n)));
    const stop = new AbortController();
    let runs = 0;
    const worker = queue.worker("quick", () => {
      if (++runs === 500) stop.abort();
    }, { concurrency: 1 });
    const { completed, released } = await worker.tick({ signal: stop.signal });
    assert.equal(completed, 500);
    assert.ok(released > 0);
    const { jobs } = await queue.find({ status: "ready", limit: 1_000 });
    assert.equal(jobs.length, 1_000);
    assert.ok(jobs.every(({ attempts }) => attempts === 0));
  });

  test("lets a handler ask whether its job is the last of its trace when others wait to be recorded", async () => {
    const { store } = noted(2);
    const queue = new JobQueue<Work>({ store });
    const traceId = "550e8400e29b41d4a716446655440000";
    await queue.enqueue(numbers(30).map((n) => job("quick", n, { traceId })));
    const answers: boolean[] = [];
    const worker = queue.worker("quick", async (_, ctx) => {
      answers.push(await ctx.isFinalJobInTrace());
    }, { concurrency: 1 });
    assert.equal((await worker.tick()).completed, 30);
    assert.deepEqual(answers, numbers(30).map((n) => n === 29));
  });
});
