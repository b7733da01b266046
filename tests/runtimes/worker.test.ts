import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  type Job,
  job as newJob,
  JobCancelledError,
  type JobLifecycleEvent,
  JobQueue,
  JobTimeoutError,
  LeaseLostError,
  memory,
  NonRetryableError,
  type Store,
  WorkerPool,
  WorkerStoppedError,
} from "../../mod.ts";
import { manualClock } from "../conformance/manual_clock.ts";

const never = () => new Promise<never>(() => {});
const soon = (ms = 2) => new Promise<void>((resolve) => setTimeout(resolve, ms));
const nothing = {
  completed: 0,
  failed: 0,
  retried: 0,
  snoozed: 0,
  cancelled: 0,
  released: 0,
  leaseExpired: 0,
};

describe("a tick", () => {
  test("claims, runs and settles what is ready, and says when to come again", async () => {
    const clock = manualClock();
    const queue = new JobQueue<{ sums: number[] }>({ store: memory({ now: clock.now }) });
    const worker = queue.worker("sums", ({ payload }) => payload.reduce((a, b) => a + b, 0));
    const { id } = await queue.enqueue("sums", [1, 2]);
    await queue.enqueue("sums", [3], { delayMs: 5_000 });
    assert.deepEqual(await worker.tick(), { ...nothing, completed: 1, nextInMs: 5_000 });
    assert.equal((await queue.get(id))?.result, 3);
    clock.pass(5_000);
    assert.deepEqual(await worker.tick(), { ...nothing, completed: 1, nextInMs: undefined });
    assert.deepEqual(await worker.tick(), { ...nothing, nextInMs: undefined });
  });

  test("stays within maxJobs and says that more is ready", async () => {
    const queue = new JobQueue({ store: memory() });
    const worker = queue.worker("queue", () => {}, { concurrency: 2 });
    for (let n = 0; n < 5; n++) await queue.enqueue("queue", n);
    const result = await worker.tick({ maxJobs: 3 });
    assert.equal(result.completed, 3);
    assert.equal(result.nextInMs, 0);
  });

  test("starts nothing after its budget, but waits for what runs", async () => {
    const queue = new JobQueue({ store: memory() });
    const worker = queue.worker("queue", async () => {
      await soon();
      passed += 5;
    }, { concurrency: 1 });
    for (let n = 0; n < 50; n++) await queue.enqueue("queue", n);
    // A budget is measured by the runtime's own clock, here moved by the jobs alone.
    let passed = 0;
    const { now } = performance;
    performance.now = () => passed;
    try {
      const result = await worker.tick({ budgetMs: 12 });
      assert.deepEqual(result, { ...nothing, completed: 3, nextInMs: 0 });
    } finally {
      performance.now = now;
    }
  });

  test("returns at once when its budget is over before it begins, whenever maintenance is due", async () => {
    const queue = new JobQueue({ store: memory() });
    const worker = queue.worker("queue", () => {}, { maintenanceMs: 60_000 });
    await worker.tick();
    const late = worker.tick({ budgetMs: 1e-9 });
    const isInTime = await Promise.race([late.then(() => true), soon(1_000).then(() => false)]);
    await worker.stop();
    assert.ok(isInTime);
  });

  test("runs at most as many jobs at once as its concurrency, and a pool as its own", async () => {
    const queue = new JobQueue<{ a: number; b: number }>({ store: memory() });
    const running = { a: 0, b: 0, most: 0, mostA: 0 };
    const count = (name: "a" | "b") => async () => {
      running[name]++;
      running.most = Math.max(running.most, running.a + running.b);
      running.mostA = Math.max(running.mostA, running.a);
      await soon();
      running[name]--;
    };
    const pool = new WorkerPool([
      queue.worker("a", count("a"), { concurrency: 2 }),
      queue.worker("b", count("b"), { concurrency: 9 }),
    ], { concurrency: 4 });
    for (let n = 0; n < 10; n++) {
      await queue.enqueue("a", n);
      await queue.enqueue("b", n);
    }
    assert.equal((await pool.tick()).completed, 20);
    assert.deepEqual([running.most, running.mostA], [4, 2]);
  });

  test("runs dependents in the same tick, and the children that a handler enqueues", async () => {
    const queue = new JobQueue<{ a: number; b: number }>({ store: memory() });
    const order: string[] = [];
    const pool = new WorkerPool([
      queue.worker("a", async (job, ctx) => {
        order.push(`a${job.payload}`);
        if (job.payload === 1) await ctx.enqueue("a", 2);
      }),
      queue.worker("b", ({ payload }) => void order.push(`b${payload}`)),
    ]);
    const first = await queue.enqueue("a", 1);
    await queue.enqueue("b", 3, { dependsOn: [first] });
    await pool.tick();
    assert.equal(order[0], "a1");
    assert.deepEqual([...order].sort(), ["a1", "a2", "b3"]);
  });

  test("rejects when the store fails again and again, and the jobs are not lost", async () => {
    const store = memory();
    const queue = new JobQueue({ store });
    const errors: unknown[] = [];
    const worker = queue.worker("queue", () => {}, { onError: (error) => errors.push(error) });
    await queue.enqueue("queue", 1);
    const { settleAndClaim } = store;
    store.settleAndClaim = () => Promise.reject(new Error("no store"));
    await assert.rejects(worker.tick(), /no store/);
    assert.equal(errors.length, 2, "the tries before the last are reported");
    store.settleAndClaim = settleAndClaim;
    assert.equal((await worker.tick()).completed, 1);
  });
});

describe("an attempt that fails", () => {
  const outcomes = async (handler: () => unknown, options: object = {}) => {
    const queue = new JobQueue({ store: memory() });
    const worker = queue.worker("queue", handler, { backoff: { type: "fixed", delayMs: 0 } });
    const { id } = await queue.enqueue("queue", {}, options);
    await worker.tick();
    return (await queue.get(id))!;
  };

  test("is repeated until its attempts are used up", async () => {
    const failing = () => Promise.reject(new Error("503"));
    for (const maxAttempts of [1, 2, 5]) {
      const job = await outcomes(failing, { maxAttempts });
      assert.deepEqual([job.status, job.attempts], ["failed", maxAttempts]);
      assert.equal(job.attemptHistory.length, maxAttempts);
    }
  });

  test("is not repeated when the error says so", async () => {
    const job = await outcomes(() => {
      throw new NonRetryableError("The total does not add up");
    });
    assert.equal(job.status, "failed");
    assert.equal(job.error?.message, "The total does not add up");
  });

  test("may throw at once, however many do so one after another", async () => {
    const queue = new JobQueue({ store: memory() });
    // How many handlers are on the stack: the next job starts when the one before has returned.
    let depth = 0;
    const depths = new Set<number>();
    const worker = queue.worker("queue", () => {
      depths.add(++depth);
      queueMicrotask(() => depth = 0);
      throw new NonRetryableError("no such customer");
    }, { concurrency: 1 });
    await queue.enqueue(Array.from({ length: 5_000 }, () => newJob("queue", {})));
    const { failed } = await worker.tick();
    assert.equal(failed, 5_000);
    assert.deepEqual([...depths], [1]);
  });

  test("may throw anything, also undefined", async () => {
    for (
      const thrown of [undefined, null, "text", {
        toString: () => {
          throw 1;
        },
      }, Symbol("s")]
    ) {
      const job = await outcomes(() => {
        throw thrown;
      }, { maxAttempts: 1 });
      assert.equal(job.status, "failed");
      assert.equal(job.error?.name, "NonError");
    }
  });

  test("waits as its own rule says, else as the worker's, which may be a function", async () => {
    const clock = manualClock();
    const queue = new JobQueue({ store: memory({ now: clock.now }) });
    const waits: number[] = [];
    const worker = queue.worker("queue", () => Promise.reject(new Error("503")), {
      backoff: (attempt, error) => attempt * 100 + (error as Error).message.length,
      onJobRetry: ({ retryInMs }) => void waits.push(retryInMs),
    });
    await queue.enqueue("queue", {});
    await worker.tick();
    clock.pass(103);
    await worker.tick();
    await queue.enqueue("queue", {}, { backoff: { type: "fixed", delayMs: 7 } });
    await worker.tick();
    assert.deepEqual(waits, [103, 203, 7]);
  });

  test("still waits by the default rule when the worker's function throws", async () => {
    const errors: unknown[] = [];
    const queue = new JobQueue({ store: memory() });
    const worker = queue.worker("queue", () => Promise.reject(new Error("503")), {
      backoff: () => {
        throw new Error("no rule");
      },
      onError: (error) => errors.push(error),
    });
    await queue.enqueue("queue", {});
    const { retried, nextInMs } = await worker.tick();
    assert.equal(retried, 1);
    assert.ok(nextInMs! > 0 && nextInMs! <= 1_000);
    assert.match(String(errors[0]), /no rule/);
  });

  test("completes all the same when its result is no JSON: the result is left out and reported", async () => {
    const errors: unknown[] = [];
    const queue = new JobQueue({ store: memory() });
    const worker = queue.worker("queue", () => new Map(), {
      onError: (error) => errors.push(error),
    });
    const { id } = await queue.enqueue("queue", {});
    assert.equal((await worker.tick()).completed, 1);
    assert.equal((await queue.get(id))?.result, undefined);
    assert.match(
      String(errors[0]),
      /^TypeError: The result of queue .* must be JSON .*: got a Map$/,
    );
  });
});

describe("the signal of an attempt", () => {
  test("aborts at the job's own limit, else the worker's, and the attempt ends at once", async () => {
    const queue = new JobQueue({ store: memory() });
    const reasons: unknown[] = [];
    const worker = queue.worker("queue", (_job, { signal }) => {
      signal.addEventListener("abort", () => reasons.push(signal.reason));
      return never();
    }, { timeoutMs: 10 });
    const { id } = await queue.enqueue("queue", {}, { maxAttempts: 1 });
    await queue.enqueue("queue", {}, { maxAttempts: 1, timeoutMs: 5 });
    assert.equal((await worker.tick()).failed, 2);
    // Two timers so close to each other fire in any order on a busy machine.
    assert.deepEqual(reasons.map(String).sort(), [
      "JobTimeoutError: The attempt took longer than 10 ms",
      "JobTimeoutError: The attempt took longer than 5 ms",
    ]);
    assert.ok(reasons[0] instanceof JobTimeoutError);
    const job = await queue.get(id);
    assert.equal(job?.attemptHistory[0]?.outcome, "timed_out");
  });

  test("aborts when a caller cancels the running job; what the handler does then is not recorded", async () => {
    const queue = new JobQueue({ store: memory() });
    const reasons: unknown[] = [];
    const events: JobLifecycleEvent[] = [];
    const worker = queue.worker("queue", async (job, { signal }) => {
      await queue.cancel(job.id, { reason: "The customer changed their mind" });
      // In this process it learns of it before the cancellation answers.
      assert.ok(signal.aborted);
      reasons.push(signal.reason);
      return "late";
    }, { leaseMs: 100, onJobCancel: (event) => void events.push(event) });
    const { id } = await queue.enqueue("queue", {});
    assert.deepEqual(await worker.tick(), { ...nothing, cancelled: 1, nextInMs: undefined });
    const job = await queue.get(id);
    assert.equal(job?.status, "cancelled");
    assert.equal(job?.error?.message, "The customer changed their mind");
    assert.equal(job?.result, undefined);
    assert.ok(reasons[0] instanceof JobCancelledError);
    assert.deepEqual(events.map(({ type }) => type), ["cancel"]);
  });

  test("a cancelled job's handler enqueues parts that are cancelled, and others that are not", async () => {
    const queue = new JobQueue({ store: memory() });
    const { id, traceId } = await queue.enqueue("queue", {});
    let resolve: (jobs: readonly Job[]) => void;
    const enqueued = new Promise<readonly Job[]>((done) => resolve = done);
    const worker = queue.worker("queue", async (job, ctx) => {
      const jobs: Job[] = [await ctx.enqueue("children", "early")];
      await queue.cancel(job.id);
      jobs.push(await ctx.enqueue("children", "late"));
      jobs.push(await ctx.enqueue("children", "apart", { parent: null }));
      jobs.push(await queue.enqueue("children", "global"));
      jobs.push(
        ...await queue.enqueue([
          newJob("children", "apart", { parent: null }),
          newJob("children", "late"),
        ]),
      );
      resolve(jobs);
    });
    assert.equal((await worker.tick()).cancelled, 1);
    const jobs = await enqueued;
    assert.deepEqual(jobs.map(({ payload, status, parentId }) => [payload, status, parentId]), [
      ["early", "ready", id],
      ["late", "cancelled", id],
      ["apart", "ready", undefined],
      ["global", "cancelled", id],
      ["apart", "ready", undefined],
      ["late", "cancelled", id],
    ]);
    assert.deepEqual(jobs[1]!.error, {
      name: "JobCancelledError",
      message: "Its parent was cancelled",
      parentId: id,
    });
    assert.ok(jobs.every((job) => job.traceId === traceId), "Without a parent it keeps its trace");
  });

  test("the hook of the worker of such a part's queue is called, with the reason", async () => {
    const queue = new JobQueue({ store: memory() });
    const events: JobLifecycleEvent[] = [];
    let goneOn = () => {};
    const enqueued = new Promise<void>((resolve) => goneOn = resolve);
    const onJobCancel = (event: JobLifecycleEvent) => void events.push(event);
    const pool = new WorkerPool([
      queue.worker("queue", async (job) => {
        await queue.cancel(job.id, { reason: "withdrawn" });
        await queue.enqueue([newJob("children", "part"), newJob("others", "part")]);
        await queue.enqueue("children", "apart", { parent: null });
        goneOn();
      }, { onJobCancel }),
      queue.worker("children", () => {}, { onJobCancel }),
    ]);
    const { id } = await queue.enqueue("queue", {});
    await pool.tick({ maxJobs: 1 });
    await enqueued;
    const told = events.map((event) =>
      event.type === "cancel" && [event.job.queueName, event.attempt, event.error.parentId]
    );
    assert.deepEqual(told, [["queue", 1, undefined], ["children", 0, id]]);
    const [, { error }] = events as [unknown, JobLifecycleEvent & { type: "cancel" }];
    assert.equal(error.message, "Its parent was cancelled");
  });

  test("aborts when the lease was lost to another worker, and nothing of the attempt is recorded", async () => {
    const clock = manualClock();
    const store = memory({ now: clock.now });
    const queue = new JobQueue({ store });
    const reasons: unknown[] = [];
    const worker = queue.worker("queue", async (_job, { signal }) => {
      clock.pass(1_000);
      await takeAway(store, "queue");
      await new Promise((resolve) => signal.addEventListener("abort", resolve));
      reasons.push(signal.reason);
    }, { leaseMs: 100, maintenanceMs: 60_000 });
    const { id } = await queue.enqueue("queue", {});
    assert.equal((await worker.tick()).leaseExpired, 1);
    assert.ok(reasons[0] instanceof LeaseLostError);
    assert.equal((await queue.get(id))?.status, "running", "it runs elsewhere");
  });

  test("keeps its lease for as long as it runs", async () => {
    const queue = new JobQueue({ store: memory() });
    const worker = queue.worker("queue", () => soon(700), { leaseMs: 300, maintenanceMs: 10 });
    await queue.enqueue("queue", {});
    const [mine, other] = await Promise.all([
      worker.tick(),
      soon(450).then(() => queue.worker("queue", () => {}, { maintenanceMs: 10 }).tick()),
    ]);
    assert.deepEqual([mine.completed, other.completed], [1, 0]);
  });
});

describe("a run", () => {
  test("works until its signal aborts, and is woken by enqueues", async () => {
    const queue = new JobQueue({ store: memory() });
    const stop = new AbortController();
    const ran = deferred();
    const worker = queue.worker("queue", () => ran.resolve(), {
      pollMs: 60_000,
      maintenanceMs: 60_000,
    });
    const run = worker.run({ signal: stop.signal });
    await soon();
    await queue.enqueue("queue", {});
    await ran.promise;
    stop.abort();
    assert.equal((await run).completed, 1);
  });

  test("runs a delayed job when its time comes", async () => {
    const queue = new JobQueue({ store: memory() });
    const ran = deferred();
    await using worker = queue.worker("queue", () => ran.resolve(), { pollMs: 60_000 });
    const run = worker.run();
    await queue.enqueue("queue", {}, { delayMs: 15 });
    await ran.promise;
    await worker.stop();
    assert.equal((await run).completed, 1);
  });

  test("stops gracefully: running jobs end, none is started", async () => {
    const queue = new JobQueue({ store: memory() });
    const started = deferred();
    const worker = queue.worker("queue", async () => {
      started.resolve();
      await soon(10);
    }, { concurrency: 1 });
    await queue.enqueue("queue", 1);
    await queue.enqueue("queue", 2);
    const run = worker.run();
    await started.promise;
    await worker.stop();
    assert.deepEqual(await run, { ...nothing, completed: 1, nextInMs: 0 });
    assert.deepEqual((await queue.find({ status: "ready" })).jobs.map(({ payload }) => payload), [
      2,
    ]);
  });

  test("sleeps while a stop waits for a running job, though maintenance is due", async () => {
    const queue = new JobQueue({ store: memory() });
    const started = deferred();
    const finish = deferred();
    const worker = queue.worker("queue", async () => {
      started.resolve();
      await finish.promise;
    }, { maintenanceMs: 1 });
    await queue.enqueue("queue", 1);
    const run = worker.run();
    await started.promise;
    const stop = worker.stop();
    const { setTimeout } = globalThis;
    let timers = 0;
    globalThis.setTimeout = ((...args: Parameters<typeof setTimeout>) => {
      timers++;
      return setTimeout(...args);
    }) as typeof setTimeout;
    try {
      await new Promise((resolve) => setTimeout(resolve, 200));
    } finally {
      globalThis.setTimeout = setTimeout;
    }
    finish.resolve();
    await stop;
    assert.equal((await run).completed, 1);
    assert.ok(timers < 10, String(timers));
  });

  test("releases what still runs after the stop's time; the attempt does not count", async () => {
    const queue = new JobQueue({ store: memory() });
    const started = deferred();
    const reasons: unknown[] = [];
    const worker = queue.worker("queue", (_job, { signal }) => {
      signal.addEventListener("abort", () => reasons.push(signal.reason));
      started.resolve();
      return never();
    });
    const { id } = await queue.enqueue("queue", {});
    const run = worker.run();
    await started.promise;
    await worker.stop({ timeoutMs: 5 });
    assert.equal((await run).released, 1);
    assert.ok(reasons[0] instanceof WorkerStoppedError);
    const job = await queue.get(id);
    assert.deepEqual([job?.status, job?.attempts, job?.attemptHistory[0]?.outcome], [
      "ready",
      0,
      "released",
    ]);
  });

  test("releases at once what was claimed while the stop came", async () => {
    const store = memory();
    const queue = new JobQueue({ store });
    const worker = queue.worker("queue", () => assert.fail("must not start"));
    await queue.enqueue("queue", {});
    const { settleAndClaim } = store;
    store.settleAndClaim = async (request) => {
      store.settleAndClaim = settleAndClaim;
      const result = await store.settleAndClaim(request);
      void worker.stop();
      return result;
    };
    assert.equal((await worker.run()).released, 1);
    const { jobs: [job] } = await queue.find();
    assert.deepEqual([job?.status, job?.attempts], ["ready", 0]);
  });

  test("goes on by itself after the store has failed, and loses no outcome", async () => {
    const store = memory();
    const queue = new JobQueue({ store });
    const errors: unknown[] = [];
    const ran = deferred();
    let runs = 0;
    const worker = queue.worker("queue", () => {
      runs++;
      failing = 2;
      ran.resolve();
    }, { onError: (error) => errors.push(error) });
    const { settleAndClaim } = store;
    let failing = 0;
    store.settleAndClaim = (request) =>
      failing-- > 0 ? Promise.reject(new Error("no store")) : settleAndClaim.call(store, request);
    const { id } = await queue.enqueue("queue", {});
    const run = worker.run();
    await ran.promise;
    while ((await queue.get(id))?.status !== "completed") await soon(20);
    await worker.stop();
    assert.deepEqual([(await run).completed, runs, errors.length], [1, 1, 2]);
  });

  test(
    "gives up at a stop when the store stays away, and says how many outcomes it could not record",
    async () => {
      const store = memory();
      const queue = new JobQueue({ store });
      const errors: unknown[] = [];
      const ran = deferred();
      const worker = queue.worker("queue", () => {
        store.settleAndClaim = () => Promise.reject(new Error("no store"));
        ran.resolve();
      }, { onError: (error) => errors.push(error), endTimeoutMs: 50 });
      await queue.enqueue("queue", {});
      const run = worker.run();
      await ran.promise;
      await worker.stop({ timeoutMs: 0 });
      assert.equal((await run).completed, 0);
      assert.match(String(errors.at(-1)), /1 outcomes could not be recorded; these jobs run again/);
    },
  );
});

interface Deferred {
  readonly promise: Promise<void>;
  readonly resolve: () => void;
}

function deferred(): Deferred {
  let resolve = () => {};
  const promise = new Promise<void>((done) => resolve = done);
  return { promise, resolve };
}

/** Sweeps the expired lease and claims the job for somebody else. */
async function takeAway(store: Store, queueName: string): Promise<void> {
  await store.maintain({ retentionMs: 1e9, limit: 10 });
  await store.settleAndClaim({
    settlements: [],
    claims: [{ queueName, limit: 1, leaseMs: 60_000 }],
  });
}

describe("a worker without a name", () => {
  test("works where the runtime does not tell the host, under a name by chance", async () => {
    const { process } = globalThis as {
      process?: { getBuiltinModule?: (name: string) => unknown };
    };
    const hostname = () => {
      throw new Error("There is no host");
    };
    const getBuiltinModule = (name: string) =>
      name === "node:os" ? { hostname } : process?.getBuiltinModule?.(name);
    const stub = Object.create(process ?? {}, { getBuiltinModule: { value: getBuiltinModule } });
    const queue = new JobQueue({ store: memory() });
    const worker = queue.worker("q", ({ workerName }) => workerName);
    const job = await queue.enqueue("q", {});
    Object.defineProperty(globalThis, "process", {
      value: stub,
      configurable: true,
      writable: true,
    });
    try {
      await worker.tick();
    } finally {
      Object.assign(globalThis, { process });
    }
    assert.match((await queue.get(job.id))?.result as string, /^worker-[0-9a-f]+$/);
  });
});
