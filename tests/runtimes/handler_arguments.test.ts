import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  type Job,
  job as newJob,
  JobCancelledError,
  type JobContext,
  JobQueue,
  JobTimeoutError,
  logFields,
  memory,
} from "../../mod.ts";
import type { AsyncStorage } from "../../src/trace/scope.ts";

const never = () => new Promise<never>(() => {});

describe("the signal in a handler's context", () => {
  test("is aborted, with the reason, when it is first read after the abort", async () => {
    const queue = new JobQueue({ store: memory() });
    const signals: AbortSignal[] = [];
    const worker = queue.worker("queue", async (job, ctx) => {
      await queue.cancel(job.id);
      signals.push(ctx.signal);
    });
    await queue.enqueue("queue", {});
    assert.equal((await worker.tick()).cancelled, 1);
    assert.equal(signals[0]?.aborted, true);
    assert.ok(signals[0].reason instanceof JobCancelledError);
    assert.throws(() => signals[0]!.throwIfAborted(), JobCancelledError);
  });

  test("is aborted when it is first read after the attempt ran out of time", async () => {
    const queue = new JobQueue({ store: memory() });
    let kept: JobContext | undefined;
    const worker = queue.worker("queue", (_job, ctx) => {
      kept = ctx;
      return never();
    }, { timeoutMs: 5 });
    await queue.enqueue("queue", {}, { maxAttempts: 1 });
    assert.equal((await worker.tick()).failed, 1);
    assert.equal(kept?.signal.aborted, true);
    assert.ok(kept.signal.reason instanceof JobTimeoutError);
  });

  test("keeps the first reason", async () => {
    const queue = new JobQueue({ store: memory() });
    const reasons: unknown[] = [];
    const worker = queue.worker("queue", async (job, ctx) => {
      await queue.cancel(job.id);
      await worker.stop({ timeoutMs: 0 });
      reasons.push(ctx.signal.reason);
    });
    await queue.enqueue("queue", {});
    await worker.run();
    await Promise.resolve();
    assert.ok(reasons[0] instanceof JobCancelledError);
  });

  test("is the same each time, and one for each attempt", async () => {
    const queue = new JobQueue({ store: memory() });
    const signals: AbortSignal[] = [];
    const worker = queue.worker("queue", (_job, ctx) => {
      const { signal } = ctx;
      assert.equal(signal, ctx.signal);
      signals.push(signal);
    });
    await queue.enqueue([newJob("queue", 1), newJob("queue", 2)]);
    await worker.tick();
    assert.equal(new Set(signals).size, 2);
    assert.ok(signals.every(({ aborted }) => !aborted));
  });

  test("is not aborted by the end of its attempt, also when it is first read then", async () => {
    const queue = new JobQueue({ store: memory() });
    let kept: JobContext | undefined;
    const worker = queue.worker("queue", (_job, ctx) => void (kept = ctx));
    await queue.enqueue("queue", {});
    await worker.tick();
    assert.equal(kept?.signal.aborted, false);
  });
});

describe("a context that a handler keeps", () => {
  test("still belongs to its job", async () => {
    const queue = new JobQueue({ store: memory() });
    let kept: JobContext | undefined;
    const worker = queue.worker("queue", (_job, ctx) => void (kept ??= ctx));
    const parent = await queue.enqueue("queue", {}, { correlationId: "order-1" });
    await worker.tick();
    const child = await kept!.enqueue("queue", {});
    assert.equal(child.parentId, parent.id);
    assert.equal(child.traceId, parent.traceId);
    assert.equal(child.correlationId, "order-1");
    assert.equal(logFields(kept).job_id, parent.id);
    assert.equal(await kept!.isFinalJobInTrace(), false);
    await worker.tick();
    assert.equal(await kept!.isFinalJobInTrace(), true);
  });
});

describe("the job that a handler gets", () => {
  test("is a plain object with all fields of its own", async () => {
    const queue = new JobQueue({ store: memory() });
    let got: Job | undefined;
    const worker = queue.worker("queue", (job) => void (got = job));
    const { id } = await queue.enqueue("queue", { to: ["a"] }, { correlationId: "order-1" });
    await worker.tick();
    const stored = await queue.get(id);
    const { attemptHistory: _, ...asRead } = stored!;
    assert.deepEqual(Object.keys(got!).sort(), Object.keys(asRead).sort());
    assert.equal(Object.getPrototypeOf(got), Object.prototype);
    for (const [name, property] of Object.entries(Object.getOwnPropertyDescriptors(got!))) {
      assert.deepEqual(Object.keys(property).sort(), [
        "configurable",
        "enumerable",
        "value",
        "writable",
      ], name);
    }
    assert.deepEqual({ ...got! }, got);
    assert.deepEqual(structuredClone(got), got);
    const { payload, createdAt } = JSON.parse(JSON.stringify(got));
    assert.deepEqual(payload, { to: ["a"] });
    assert.equal(createdAt, got!.createdAt.toISOString());
  });

  test("has one payload, which is the handler's to change: no other reader sees it", async () => {
    const queue = new JobQueue<{ queue: { lines: string[] } }>({ store: memory() });
    const seen: string[][] = [];
    const worker = queue.worker("queue", (job) => {
      assert.equal(job.payload, job.payload);
      seen.push([...job.payload.lines]);
      job.payload.lines.push("changed");
      if (job.attempts === 1) throw new Error("once more");
    }, {
      backoff: { type: "fixed", delayMs: 0 },
      onJobRetry: ({ job }) => void seen.push(job.payload.lines),
      onJobComplete: ({ job }) => void seen.push(job.payload.lines),
    });
    const { id } = await queue.enqueue("queue", { lines: ["a"] });
    await worker.tick();
    assert.deepEqual(seen, [["a"], ["a"], ["a"], ["a"]]);
    assert.deepEqual((await queue.get(id))?.payload, { lines: ["a"] });
  });
});

describe("handlers that return at once", () => {
  test("return before the next job starts, however many do so one after another", async () => {
    const queue = new JobQueue({ store: memory() });
    let depth = 0;
    const depths = new Set<number>();
    const worker = queue.worker("queue", () => {
      depths.add(++depth);
      queueMicrotask(() => depth = 0);
    }, { concurrency: 1 });
    await queue.enqueue(Array.from({ length: 5_000 }, () => newJob("queue", {})));
    assert.equal((await worker.tick()).completed, 5_000);
    assert.deepEqual([...depths], [1]);
  });

  test("take their places until others have had their turn", async () => {
    const queue = new JobQueue({ store: memory() });
    const order: string[] = [];
    const worker = queue.worker("queue", async ({ payload }) => {
      order.push(`${payload} starts`);
      if (payload !== 1) return;
      await Promise.resolve();
      order.push("1 goes on");
    }, { concurrency: 2 });
    await queue.enqueue([1, 2, 3, 4, 5, 6, 7, 8].map((n) => newJob("queue", n)));
    assert.equal((await worker.tick()).completed, 8);
    assert.ok(order.indexOf("1 goes on") < order.indexOf("5 starts"), order.join(", "));
  });

  test("may return anything that can be awaited", async () => {
    const queue = new JobQueue<{ queue: string }, { queue: unknown }>({ store: memory() });
    const returns: Readonly<Record<string, () => unknown>> = {
      "a promise": () => Promise.resolve(1),
      "a thenable": () => ({ then: (resolve: (value: number) => void) => resolve(2) }),
      "a function that is one": () =>
        Object.assign(() => {}, { then: (resolve: (value: number) => void) => resolve(3) }),
      "null": () => null,
      "an object": () => ({ then: 4 }),
    };
    const worker = queue.worker("queue", ({ payload }) => returns[payload]!());
    const jobs = await queue.enqueue(Object.keys(returns).map((name) => newJob("queue", name)));
    assert.equal((await worker.tick()).completed, 5);
    const results = await Promise.all(
      jobs.map(async ({ id }) => (await queue.get(id))?.result as unknown),
    );
    assert.deepEqual(results, [1, 2, 3, null, { then: 4 }]);
  });

  test("fail when what they return cannot be awaited", async () => {
    const queue = new JobQueue({ store: memory() });
    const worker = queue.worker("queue", () => ({
      get then() {
        throw new Error("no such property");
      },
    }));
    const { id } = await queue.enqueue("queue", {}, { maxAttempts: 1 });
    assert.equal((await worker.tick()).failed, 1);
    assert.equal((await queue.get(id))?.error?.message, "no such property");
  });
});

interface AsyncHooks {
  readonly AsyncLocalStorage: new () => AsyncStorage<string>;
}

const hooks = (globalThis as {
  process?: { getBuiltinModule?: (name: string) => AsyncHooks | undefined };
}).process?.getBuiltinModule?.("node:async_hooks");

describe("a program's own AsyncLocalStorage", { skip: hooks === undefined }, () => {
  test("has in each handler the value that it has where the worker was called", async () => {
    const storage = new hooks!.AsyncLocalStorage();
    const queue = new JobQueue({ store: memory() });
    const seen: (string | undefined)[] = [];
    const worker = queue.worker("queue", async ({ payload }) => {
      seen.push(storage.getStore());
      await storage.run(`of job ${payload}`, () => Promise.resolve());
      seen.push(storage.getStore());
    }, { concurrency: 2 });
    await queue.enqueue([1, 2, 3, 4, 5].map((n) => newJob("queue", n)));
    await storage.run("of the caller", () => worker.tick());
    assert.deepEqual(new Set(seen), new Set(["of the caller"]));
    assert.equal(seen.length, 10);
  });

  test("jobs of handlers that interleave keep their own parents", async () => {
    const queue = new JobQueue({ store: memory() });
    const worker = queue.worker("parents", async ({ payload, id }) => {
      for (let n = 0; n < (payload as number); n++) await Promise.resolve();
      const child = await queue.enqueue("children", {});
      assert.equal(child.parentId, id);
    }, { concurrency: 3 });
    await queue.enqueue([3, 0, 5, 1, 4, 2].map((n) => newJob("parents", n)));
    assert.equal((await worker.tick()).completed, 6);
    assert.equal((await queue.enqueue("children", {})).parentId, undefined);
  });
});
