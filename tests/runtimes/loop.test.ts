import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { context, type Span, trace, TraceFlags, type TracerProvider } from "@opentelemetry/api";
import {
  job,
  JobQueue,
  memory,
  newTraceId,
  type Store,
  StoreTimeoutError,
  WorkerPool,
} from "../../mod.ts";

const soon = (ms = 2) => new Promise<void>((resolve) => setTimeout(resolve, ms));
const names = ["a", "b", "c", "d", "e"] as const;
type Letters = Record<typeof names[number], number>;

/** A store that counts its round trips. */
function counted(): { store: Store; roundTrips: () => number } {
  const store = memory();
  const { settleAndClaim } = store;
  let count = 0;
  store.settleAndClaim = (request) => {
    count++;
    return settleAndClaim.call(store, request);
  };
  return { store, roundTrips: () => count };
}

describe("a worker that claims after it has recorded", () => {
  test("does not claim once more for what its own outcomes made wait", async () => {
    const store = memory();
    const { settleAndClaim } = store;
    const claims: number[] = [];
    let isSlow = true;
    store.settleAndClaim = (request) => {
      // From then on outcomes and claims go by themselves, in small calls.
      if (isSlow && request.settlements.length > 1) {
        isSlow = false;
        return Promise.reject(new StoreTimeoutError("too many"));
      }
      if (request.claims.length > 0) claims.push(request.settlements.length);
      return settleAndClaim.call(store, request);
    };
    const queue = new JobQueue<Letters>({ store });
    const backoff = { type: "fixed", delayMs: 60_000 } as const;
    const worker = queue.worker("a", () => {
      throw new Error("no");
    }, { concurrency: 2, backoff, pollMs: 60_000, onError: () => {} });
    await queue.enqueue([job("a", 1), job("a", 2)]);
    assert.equal((await worker.tick()).retried, 2);
    assert.deepEqual(claims, [0, 0, 0]);
  });
});

describe("a pool", () => {
  test("does not ask in a circle while its queues are full, whatever limit it was given", async () => {
    const { store, roundTrips } = counted();
    const queue = new JobQueue<Letters>({ store });
    const worker = queue.worker("a", () => soon(15), { concurrency: 1 });
    await queue.enqueue("a", 1);
    await queue.enqueue("a", 2);
    assert.equal((await new WorkerPool([worker], { concurrency: 5 }).tick()).completed, 2);
    assert.ok(roundTrips() < 10, String(roundTrips()));
  });

  test("tells each of its workers what its store fails with, those that share a function once", async () => {
    const store = memory();
    const queue = new JobQueue<Letters>({ store });
    const heard: string[] = [];
    const shared = (error: unknown) => heard.push(`shared ${(error as Error).message}`);
    const pool = new WorkerPool([
      queue.worker("a", () => {}, { onError: shared }),
      queue.worker("b", () => {}, { onError: shared }),
      queue.worker("c", () => {}, {
        onError: (error) => heard.push(`own ${(error as Error).message}`),
      }),
    ]);
    const { settleAndClaim, maintain } = store;
    store.settleAndClaim = () => {
      store.settleAndClaim = settleAndClaim;
      return Promise.reject(new Error("settleAndClaim"));
    };
    store.maintain = () => {
      store.maintain = maintain;
      return Promise.reject(new Error("maintain"));
    };
    await queue.enqueue("a", 1);
    assert.equal((await pool.tick()).completed, 1);
    assert.deepEqual(heard.sort(), [
      "own maintain",
      "own settleAndClaim",
      "shared maintain",
      "shared settleAndClaim",
    ]);
  });

  test("reaches every queue, also when it can claim one job at a time", async () => {
    const queue = new JobQueue<Letters>({ store: memory() });
    const workers = names.map((name) => queue.worker(name, () => {}));
    await queue.enqueue("e", 1);
    assert.equal((await new WorkerPool(workers).tick({ maxJobs: 1 })).completed, 1);
    for (const name of names) for (let n = 0; n < 4; n++) await queue.enqueue(name, n);
    const { completed } = await new WorkerPool(workers, { concurrency: 1 }).tick();
    assert.equal(completed, 20);
  });
});

describe("a loop", () => {
  test("lets timers and signals in while it never runs out of work", async () => {
    const queue = new JobQueue<Letters>({ store: memory() });
    const stop = new AbortController();
    let runs = 0;
    const worker = queue.worker("a", async (_job, ctx) => {
      if (++runs === 2) setTimeout(() => stop.abort(), 1);
      await ctx.enqueue("a", runs);
    });
    await queue.enqueue("a", 0);
    await worker.tick({ signal: stop.signal });
    assert.ok(runs > 1);
  });

  test("hears of a job that became ready while it was asking", async () => {
    const store = memory();
    const queue = new JobQueue<Letters>({ store });
    const { settleAndClaim } = store;
    store.settleAndClaim = async (request) => {
      const result = await settleAndClaim.call(store, request);
      if (request.claims.length > 0 && result.claimed.length === 0) {
        store.settleAndClaim = settleAndClaim;
        await queue.enqueue("a", 1);
      }
      return result;
    };
    const begun = performance.now();
    let ranAfterMs = Infinity;
    const stop = new AbortController();
    const worker = queue.worker("a", () => {
      ranAfterMs = performance.now() - begun;
      stop.abort();
    }, { pollMs: 60_000, maintenanceMs: 60_000 });
    await worker.run({ signal: stop.signal });
    assert.ok(ranAfterMs < 1_000, String(ranAfterMs));
  });

  test("ends in time when the store never answers", async () => {
    const store = memory();
    const queue = new JobQueue<Letters>({ store });
    store.settleAndClaim = () => new Promise(() => {});
    const worker = queue.worker("a", () => {}, { endTimeoutMs: 20, onError: () => {} });
    const run = worker.run();
    await soon();
    await worker.stop({ timeoutMs: 1 });
    assert.equal((await run).completed, 0);
  });

  test("does not sweep its own outcomes after the store was away", async () => {
    const store = memory();
    const queue = new JobQueue<Letters>({ store });
    const { settleAndClaim } = store;
    let failing = 0;
    let runs = 0;
    store.settleAndClaim = (request) =>
      failing-- > 0 ? Promise.reject(new Error("no store")) : settleAndClaim.call(store, request);
    const worker = queue.worker("a", () => {
      runs++;
      failing = 2;
    }, { leaseMs: 100, maintenanceMs: 1, onError: () => {} });
    const { id } = await queue.enqueue("a", 1);
    const run = worker.run();
    while ((await queue.get(id))?.status !== "completed") await soon(10);
    await worker.stop();
    await run;
    assert.equal(runs, 1);
  });

  test("refuses a stop that is no time, and survives an error handler that rejects", async () => {
    const queue = new JobQueue<Letters>({ store: memory() });
    const worker = queue.worker("a", () => new Map(), {
      onError: () => Promise.reject(new Error("even this")),
    });
    await assert.rejects(worker.stop({ timeoutMs: Infinity }), /^RangeError: timeoutMs must be/);
    await queue.enqueue("a", 1);
    assert.equal((await worker.tick()).completed, 1);
    await soon();
  });
});

describe("a provider that is broken", () => {
  const asProvider = (span: Partial<Span>): TracerProvider =>
    ({ getTracer: () => ({ startSpan: () => span }) }) as unknown as TracerProvider;
  const empty = { traceId: "0".repeat(32), spanId: "0".repeat(16), traceFlags: TraceFlags.NONE };
  const quiet = { setAttribute: () => {}, end: () => {}, isRecording: () => false };
  const broken: Record<string, Partial<Span>> = {
    "makes empty spans": { ...quiet, spanContext: () => empty } as unknown as Span,
    "throws": {
      spanContext: () => {
        throw new Error("tracer");
      },
    },
  };
  for (const [how, span] of Object.entries(broken)) {
    test(`and ${how} breaks no job and no id`, async () => {
      trace.setGlobalTracerProvider(asProvider(span));
      try {
        const queue = new JobQueue<Letters>({ store: memory() });
        const traceId = newTraceId();
        const stored = await queue.enqueue("a", 1, { traceId });
        assert.equal(stored.traceId, traceId);
        assert.match((await queue.enqueue("a", 2)).traceId, /[1-9a-f]/);
        const worker = queue.worker("a", async (_job, ctx) => {
          assert.equal(trace.getSpan(context.active())?.isRecording() ?? false, false);
          if (_job.payload === 1) await ctx.enqueue("a", 3);
        });
        assert.equal((await worker.tick()).completed, 3);
      } finally {
        trace.disable();
      }
    });
  }
});
