import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { JobQueue, memory, type WorkerOptions } from "../../mod.ts";
import type { Extension, Store } from "../../src/store/store.ts";
import { until } from "../until.ts";
import { manualClock } from "../conformance/manual_clock.ts";

describe("a job whose worker was lost before its attempt was known to have begun", () => {
  test("is announced before it starts, and counts from then on", async () => {
    const { queue, calls, suspect } = scene();
    const { id } = await suspect("pill");
    let seen: string[] = [];
    await queue.worker("queue", ({ attempts }) => {
      seen = [...calls, `attempt ${attempts}`];
    }).tick();
    assert.deepEqual(seen, [`${id} begins`, "attempt 1"]);
    assert.equal((await queue.get(id))?.attempts, 1);
  });

  test("costs other jobs no call of the store", async () => {
    const { queue, calls } = scene();
    await queue.enqueue("queue", "job");
    assert.equal((await queue.worker("queue", () => {}).tick()).completed, 1);
    assert.deepEqual(calls, []);
  });

  test("begins alone among its like, with no announcement ahead of its start", async () => {
    const { queue, calls, suspect } = scene();
    for (const name of ["a", "b", "c"]) await suspect(name);
    const begun: number[] = [];
    const worker = queue.worker("queue", () => void begun.push(calls.length), { concurrency: 3 });
    assert.equal((await worker.tick()).completed, 3);
    assert.deepEqual(begun, [1, 2, 3]);
  });

  test("does not keep its like waiting for its end", async () => {
    const { queue, suspect } = scene();
    for (const name of ["a", "b", "c"]) await suspect(name);
    let running = 0;
    const worker = queue.worker("queue", async () => {
      running++;
      await until("all run", 5_000, () => running === 3);
    }, { concurrency: 3 });
    assert.equal((await worker.tick()).completed, 3);
  });

  for (const [state, count] of [["lost", "leaseExpired"], ["cancelled", "cancelled"]] as const) {
    test(`does not start when its lease turns out to be ${state}`, async () => {
      const { queue, store, suspect } = scene();
      await suspect("job");
      store.extend = () => Promise.resolve([state]);
      let starts = 0;
      const worker = queue.worker("queue", () => void starts++, { onJobStart: () => starts++ });
      assert.equal((await worker.tick())[count], 1);
      assert.equal(starts, 0);
    });
  }

  test("is released and charged nothing when its begin cannot be recorded", async () => {
    const { queue, store, suspect } = scene();
    const { id } = await suspect("job");
    const extend = store.extend.bind(store);
    const errors: unknown[] = [];
    let starts = 0;
    store.extend = () => {
      store.extend = extend;
      return Promise.reject(new Error("The store is away"));
    };
    const worker = queue.worker("queue", () => void starts++, {
      onError: (error) => errors.push(error),
    });
    const { released, completed } = await worker.tick();
    assert.deepEqual([released, completed, starts, errors.length], [1, 1, 1, 1]);
    assert.deepEqual([(await queue.get(id))?.attempts, (await queue.get(id))?.releases], [1, 0]);
  });

  test("is released and charged nothing when the worker stops before its turn", async () => {
    const { queue, suspect, calls } = scene();
    for (const name of ["a", "b", "c"]) await suspect(name);
    const worker = queue.worker("queue", async () => {
      void worker.stop({ timeoutMs: 0 });
      await new Promise(() => {});
    }, { concurrency: 3 });
    const { released } = await worker.tick();
    assert.equal(released, 3);
    assert.equal(calls.length, 1);
    const { jobs } = await queue.find();
    assert.deepEqual(jobs.map(({ status }) => status), ["ready", "ready", "ready"]);
    assert.deepEqual(jobs.map(({ releases }) => releases).sort(), [0, 0, 1]);
    const attempts = await Promise.all(jobs.map(({ id }) => queue.get(id)));
    const outcomes = attempts.flatMap((job) => job!.attemptHistory.map(({ outcome }) => outcome));
    assert.deepEqual(outcomes.sort(), [
      "lease_expired",
      "lease_expired",
      "lease_expired",
      "released",
    ]);
  });

  test("keeps its lease while it waits for its turn, and is not taken to have begun", async () => {
    const { queue, suspect, calls } = scene();
    const [first, second] = [await suspect("first"), await suspect("second")];
    const waiting = () => calls.filter((call) => call === `${second.id} waits`).length;
    const options: WorkerOptions = { concurrency: 2, leaseMs: 100 };
    let release = () => {};
    const { store } = queue;
    const extend = store.extend.bind(store);
    // The answer to the first announcement is late.
    store.extend = async (extensions, leaseMs) => {
      const states = await extend(extensions, leaseMs);
      if (extensions[0]!.attempt === "begins" && extensions[0]!.jobId === first.id) {
        await new Promise<void>((resolve) => release = resolve);
      }
      return states;
    };
    const tick = queue.worker("queue", () => {}, options).tick();
    await until("two beats", 5_000, () => waiting() >= 2);
    release();
    assert.equal((await tick).completed, 2);
  });
});

/** A queue whose store notes what is extended, and a way to make a suspect. */
function scene() {
  const clock = manualClock();
  const store = memory({ now: clock.now });
  const queue = new JobQueue({ store });
  const calls: string[] = [];
  const suspect = async (payload: string) => {
    const job = await queue.enqueue("queue", payload, { maxAttempts: 1 });
    await loseOnce(store, clock);
    return job;
  };
  const extend = store.extend.bind(store);
  store.extend = (extensions: readonly Extension[], leaseMs) => {
    calls.push(...extensions.map(({ jobId, attempt }) => `${jobId} ${attempt}`));
    return extend(extensions, leaseMs);
  };
  return { queue, store, calls, suspect };
}

/** A worker claims all and is never heard of again. */
async function loseOnce(store: Store, clock: ReturnType<typeof manualClock>): Promise<void> {
  const claims = [{ queueName: "queue", limit: 100, leaseMs: 1_000 }];
  await store.settleAndClaim({ settlements: [], claims });
  clock.pass(1_001);
  await store.maintain({ retentionMs: 1e9, limit: 100 });
}
