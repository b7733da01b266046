import assert from "node:assert/strict";
import { afterEach, describe, test } from "node:test";
import {
  type Context,
  context,
  type ContextManager,
  propagation,
  ROOT_CONTEXT,
  type Span,
  trace,
  type Tracer,
  type TracerProvider,
} from "@opentelemetry/api";
import { JobQueue, memory, NonRetryableError, type Store } from "../../mod.ts";
import type { Tracing } from "../../src/tracing.ts";
import { recordSpans } from "./recorded_spans.ts";
import { manualClock } from "../conformance/manual_clock.ts";

/** What a handler does, and how its attempts end. */
const outcomes: Readonly<Record<string, readonly string[]>> = {
  "returns": ["completed"],
  "fails once": ["failed", "completed"],
  "always fails": ["failed", "failed"],
  "gives up": ["failed"],
  "throws undefined": ["failed", "failed"],
  "throws what throws when it is read": ["failed", "failed"],
  "never returns": ["timed_out", "timed_out"],
  "is cancelled": ["cancelled"],
  "loses its lease": ["lease_expired", "completed"],
  "enqueues what is refused": ["failed", "failed"],
};

describe("each started span has ended exactly once, and nothing is left active", () => {
  let tracing: Tracing | undefined;

  afterEach(async () => await tracing?.shutdown());

  for (const [kind, expected] of Object.entries(outcomes)) {
    test(`when the handler ${kind}`, async () => {
      const kept = await recordSpans();
      tracing = kept.tracing;
      const clock = manualClock();
      const { queue, worker } = shop(memory({ now: clock.now }), kind);
      const timeoutMs = kind === "never returns" ? 150 : 60_000;
      const { id } = await queue.enqueue("jobs", kind, { maxAttempts: 2, timeoutMs });
      await worker.tick();
      // A lost lease is another turn's to find, when its time is over.
      clock.pass(2_000);
      if (kind === "loses its lease") await worker.tick();
      const { ended } = kept.spans;
      assert.equal(kept.spans.startedCount(), ended.length);
      assert.equal(new Set(ended.map((span) => span.spanContext().spanId)).size, ended.length);
      const attempts = ended.filter(({ name }) => name === "process jobs");
      assert.deepEqual(attempts.map((span) => span.attributes["hammerwork.job.outcome"]), expected);
      assert.equal(context.active(), ROOT_CONTEXT);
      assert.ok(["completed", "failed", "cancelled"].includes((await queue.get(id))!.status));
    });
  }

  test("when the worker stops before the handler returns", async () => {
    const kept = await recordSpans();
    tracing = kept.tracing;
    const { queue, worker } = shop(memory(), "never returns");
    await queue.enqueue("jobs", "never returns");
    const stop = new AbortController();
    const run = worker.run({ signal: stop.signal });
    while (kept.spans.startedCount() < 2) await new Promise((resolve) => setTimeout(resolve, 1));
    stop.abort();
    await run;
    const attempt = kept.spans.one("process jobs");
    assert.equal(attempt.attributes["hammerwork.job.outcome"], "released");
    assert.equal(kept.spans.startedCount(), kept.spans.ended.length);
  });

  test("when a hook throws or hangs", async () => {
    const kept = await recordSpans();
    tracing = kept.tracing;
    const queue = new JobQueue<{ jobs: string }>({ store: memory() });
    await queue.enqueue("jobs", "returns");
    const worker = queue.worker("jobs", () => {}, {
      onJobStart: () => {
        throw new Error("a hook that throws");
      },
      onJobComplete: () => new Promise(() => {}),
      onTraceComplete: () => Promise.reject(new Error("a hook that rejects")),
      onError: () => {},
      endTimeoutMs: 10,
    });
    assert.equal((await worker.tick()).completed, 1);
    assert.equal(kept.spans.startedCount(), 2);
    assert.equal(kept.spans.ended.length, 2);
    assert.equal(context.active(), ROOT_CONTEXT);
  });

  function shop(store: Store, kind: string) {
    const queue = new JobQueue<{ jobs: string }>({ store });
    let attempts = 0;
    const worker = queue.worker("jobs", async ({ id }, ctx) => {
      attempts++;
      switch (kind) {
        case "fails once":
          if (attempts === 1) throw new Error(kind);
          return;
        case "always fails":
          throw new Error(kind);
        case "gives up":
          throw new NonRetryableError(kind);
        case "throws undefined":
          throw undefined;
        case "throws what throws when it is read":
          throw new Proxy(new Error(kind), {
            get: () => {
              throw new Error("unreadable");
            },
          });
        case "never returns":
          return await new Promise(() => {});
        case "is cancelled":
          await queue.cancel(id);
          return await new Promise(() => {});
        case "loses its lease":
          if (Object.hasOwn(store, "extend")) return;
          store.extend = loseOnce(store);
          return await new Promise(() => {});
        case "enqueues what is refused":
          return await ctx.enqueue("jobs", "child", { dependsOn: [crypto.randomUUID()] });
      }
    }, {
      backoff: { type: "fixed", delayMs: 0 },
      // Lost when it is extended, in the middle of its time; else no busy machine shall lose it.
      leaseMs: kind === "loses its lease" ? 1_000 : 60_000,
      stopTimeoutMs: 0,
      maintenanceMs: 0,
      onError: () => {},
    });
    return { queue, worker };
  }
});

/** The leases that are extended first are lost. */
function loseOnce(store: Store): Store["extend"] {
  const extend = store.extend.bind(store);
  let isFirst = true;
  return (leases, leaseMs) => {
    if (!isFirst) return extend(leases, leaseMs);
    isFirst = false;
    return Promise.resolve(leases.map(() => "lost"));
  };
}

describe("telemetry that throws", () => {
  const boom = (): never => {
    throw new Error("telemetry");
  };
  const spanWith = (broken: Partial<Span>): Span =>
    new Proxy({} as Span, {
      get: (_, name) => Reflect.get(broken, name) ?? boom,
    });
  const tracing = { traceId: "a".repeat(32), spanId: "b".repeat(16), traceFlags: 1 };
  const providers: Readonly<Record<string, () => TracerProvider>> = {
    "gives no tracer": () => ({ getTracer: boom }),
    "starts no span": () => ({ getTracer: () => ({ startSpan: boom }) as unknown as Tracer }),
    "makes spans of which everything throws": () => ({
      getTracer: () => ({ startSpan: () => spanWith({}) }) as unknown as Tracer,
    }),
    "makes spans that cannot be ended": () => ({
      getTracer: () =>
        ({
          startSpan: () =>
            spanWith({
              spanContext: () => tracing,
              isRecording: () => true,
              addLinks: () => spanWith({}),
            }),
        }) as unknown as Tracer,
    }),
  };
  const contextManager: ContextManager = {
    active: boom,
    with: boom,
    bind: <T>(_: Context, target: T) => target,
    enable: () => contextManager,
    disable: () => contextManager,
  };

  afterEach(() => {
    trace.disable();
    context.disable();
    propagation.disable();
  });

  for (const [how, provider] of Object.entries(providers)) {
    test(`never reaches a job, also when a provider ${how}`, async () => {
      trace.setGlobalTracerProvider(provider());
      await works();
    });
  }

  test("never reaches a job, also when it is the context manager", async () => {
    context.setGlobalContextManager(contextManager);
    await works();
  });

  async function works(): Promise<void> {
    const { job } = await import("../../mod.ts");
    const queue = new JobQueue<Record<string, number>>({ store: memory(), baggage: true });
    const problems: unknown[] = [];
    await queue.enqueue("jobs", 1, { maxAttempts: 2, correlationId: "order-1" });
    await queue.enqueue([job("jobs", 2), job("jobs", 3)]);
    let attempts = 0;
    const result = await queue.worker("jobs", async (one, ctx) => {
      attempts++;
      if (one.payload === 1 && one.attempts === 1) throw new Error("the handler's own");
      if (one.payload === 2) await ctx.enqueue("jobs", 4);
      if (one.payload === 3) await queue.enqueue("jobs", 5);
    }, {
      backoff: { type: "fixed", delayMs: 0 },
      onError: (error) => problems.push(error),
    }).tick();
    assert.equal(attempts, 6);
    assert.equal(result.completed, 5);
    assert.equal(result.retried, 1);
    assert.deepEqual(problems, []);
    const { jobs } = await queue.find({ correlationId: "order-1" });
    assert.equal(jobs.length, 1);
  }
});
