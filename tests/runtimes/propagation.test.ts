import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";
import { context, propagation as headers, ROOT_CONTEXT, trace } from "@opentelemetry/api";
import type { ReadableSpan } from "@opentelemetry/sdk-trace";
import { job, JobQueue, memory, newTraceId } from "../../mod.ts";
import type { Propagation } from "../../src/signatures.ts";
import type { Tracing } from "../../src/tracing.ts";
import {
  linksOf,
  parentOf,
  type RecordedSpans,
  recordSpans,
  traceparentOf,
} from "./recorded_spans.ts";
import { manualClock } from "../conformance/manual_clock.ts";

type Queues = Record<string, number>;

const MINUTE = 60_000;
const FAILS_ONCE = { backoff: { type: "fixed", delayMs: 0 } } as const;

let spans: RecordedSpans;

/** Sets tracing up before a suite's tests and ends it after them; each test finds `spans` empty. */
function keepSpansOfSuite(): void {
  let tracing: Tracing;
  before(async () => {
    ({ spans, tracing } = await recordSpans());
  });
  after(() => tracing.shutdown());
  beforeEach(() => spans.clear());
}

describe("an attempt and the enqueue of its job", () => {
  keepSpansOfSuite();

  /** Runs one job so long after its enqueue, and gives both spans. */
  async function runAfter(
    ms: number,
    rules: { queue?: Propagation; worker?: Propagation; job?: Propagation; traceId?: string },
  ) {
    const clock = manualClock();
    const queue = new JobQueue<Queues>({
      store: memory({ now: clock.now }),
      propagation: rules.queue,
    });
    const sent = await queue.enqueue("mails", 1, {
      propagation: rules.job,
      traceId: rules.traceId,
    });
    clock.pass(ms);
    await queue.worker("mails", () => {}, { propagation: rules.worker }).tick();
    return { queue, sent, send: spans.one("send mails"), process: spans.one("process mails") };
  }

  test("by default it is a child when it starts within 15 minutes", async () => {
    const { sent, send, process } = await runAfter(15 * MINUTE, {});
    assert.equal(parentOf(process), send.spanContext().spanId);
    assert.equal(process.spanContext().traceId, sent.traceId);
    assert.deepEqual(linksOf(process), [["creation", traceparentOf(send)]]);
  });

  test("later it is the root of a new trace that links to the enqueue; it is found by both traces", async () => {
    const { queue, sent, send, process } = await runAfter(15 * MINUTE + 1, {});
    assert.equal(process.parentSpanContext, undefined);
    const { traceId } = process.spanContext();
    assert.notEqual(traceId, sent.traceId);
    assert.deepEqual(linksOf(process), [["creation", traceparentOf(send)]]);
    const [byOwn, byAttempt] = [
      await queue.find({ traceId: sent.traceId }),
      await queue.find({ traceId }),
    ];
    assert.deepEqual(byOwn.jobs.map(({ id }) => id), [sent.id]);
    assert.deepEqual(byAttempt.jobs.map(({ id }) => id), [sent.id]);
    assert.equal(byOwn.jobs[0]!.traceId, sent.traceId, "the job's own trace never changes");
    assert.equal(byOwn.jobs[0]!.attemptTraceparent, traceparentOf(process));
  });

  test("the limit of auto is the worker's, else the queue's", async () => {
    const clock = manualClock();
    const queue = new JobQueue<Queues>({ store: memory({ now: clock.now }), childWithinMs: 10 });
    await queue.enqueue("a", 1);
    await queue.enqueue("b", 1);
    clock.pass(20);
    await queue.worker("a", () => {}).tick();
    await queue.worker("b", () => {}, { childWithinMs: 20 }).tick();
    assert.equal(parentOf(spans.one("process a")), undefined);
    assert.equal(parentOf(spans.one("process b")), spans.one("send b").spanContext().spanId);
  });

  test("with child it stays one however late it starts", async () => {
    const { send, process } = await runAfter(60 * MINUTE, { worker: "child" });
    assert.equal(parentOf(process), send.spanContext().spanId);
  });

  test("with link it is a root of its own that links to the enqueue", async () => {
    const { send, process } = await runAfter(0, { worker: "link" });
    assert.equal(process.parentSpanContext, undefined);
    assert.notEqual(process.spanContext().traceId, send.spanContext().traceId);
    assert.deepEqual(linksOf(process), [["creation", traceparentOf(send)]]);
  });

  test("with none it is a root of its own without a link", async () => {
    const { send, process } = await runAfter(0, { queue: "none" });
    assert.equal(process.parentSpanContext, undefined);
    assert.notEqual(process.spanContext().traceId, send.spanContext().traceId);
    assert.deepEqual(process.links, []);
  });

  test("the worker's rule wins over the queue's, and the job's over both", async () => {
    const isChild = async (rules: Parameters<typeof runAfter>[1]) => {
      spans.clear();
      const { send, process } = await runAfter(0, rules);
      return parentOf(process) === send.spanContext().spanId;
    };
    assert.equal(await isChild({ queue: "link" }), false);
    assert.equal(await isChild({ queue: "link", worker: "child" }), true);
    assert.equal(await isChild({ queue: "child", worker: "link" }), false);
    assert.equal(await isChild({ queue: "link", worker: "link", job: "child" }), true);
    assert.equal(await isChild({ queue: "child", worker: "child", job: "none" }), false);
  });

  test("a job that was given a trace id never leaves it, whatever the rule and the time", async () => {
    const traceId = newTraceId();
    const { send, process } = await runAfter(60 * MINUTE, { worker: "link", traceId });
    assert.equal(process.spanContext().traceId, traceId);
    assert.equal(parentOf(process), send.spanContext().spanId);
    for (const propagation of ["link", "none"] as const) {
      assert.throws(() => job("mails", 1, { traceId, propagation }), {
        name: "RangeError",
        message:
          /never leaves that trace, so its propagation must be auto or child: got "(link|none)"/,
      });
    }
  });

  test("a rule that is none is refused, on a job, a worker and a queue", () => {
    const propagation = "parent" as Propagation;
    const message = 'propagation must be auto, child, link, none: got "parent"';
    const queue = new JobQueue<Queues>({ store: memory() });
    assert.throws(() => job("mails", 1, { propagation }), { name: "RangeError", message });
    assert.throws(() => queue.worker("mails", () => {}, { propagation }), { message });
    assert.throws(() => new JobQueue({ store: memory(), propagation }), { message });
  });

  test("each retry links to the attempt before, as a child and as a root of its own", async () => {
    for (const propagation of ["child", "link", "none"] as const) {
      spans.clear();
      const queue = new JobQueue<Queues>({ store: memory() });
      const sent = await queue.enqueue("mails", 1, { maxAttempts: 3 });
      let attempts = 0;
      await queue.worker("mails", () => {
        if (++attempts < 3) throw new Error("not yet");
      }, { propagation, ...FAILS_ONCE }).tick();
      const [first, second, third] = spans.all("process mails");
      const before = (links: ReturnType<typeof linksOf>) =>
        links.filter(([relation]) => relation === "previous_attempt").map(([, context]) => context);
      assert.deepEqual(before(linksOf(first!)), []);
      assert.deepEqual(before(linksOf(second!)), [traceparentOf(first!)]);
      assert.deepEqual(before(linksOf(third!)), [traceparentOf(second!)]);
      const stored = await queue.get(sent.id);
      assert.deepEqual(
        stored!.attemptHistory.map((one) => one.traceparent),
        [first, second, third].map((span) => traceparentOf(span!)),
      );
      assert.equal(stored!.attemptTraceparent, traceparentOf(third!));
      for (const span of [first, second, third]) {
        const { jobs } = await queue.find({ traceId: span!.spanContext().traceId });
        assert.deepEqual(jobs.map(({ id }) => id), [sent.id]);
      }
    }
  });

  test("a dependent links to the attempts that ended its dependencies", async () => {
    const queue = new JobQueue<Queues>({ store: memory() });
    const [a, b] = [job("a", 1), job("b", 1)];
    await queue.enqueue([a, b, job("c", 1, { dependsOn: [a, b] })]);
    for (const name of ["a", "b", "c"]) await queue.worker(name, () => {}).tick();
    assert.deepEqual(linksOf(spans.one("process c")), [
      ["dependency", traceparentOf(spans.one("process a"))],
      ["dependency", traceparentOf(spans.one("process b"))],
      ["creation", traceparentOf(spans.one("create c"))],
    ]);
  });

  test("what a late attempt enqueues belongs to the trace that it runs in", async () => {
    const clock = manualClock();
    const queue = new JobQueue<Queues>({ store: memory({ now: clock.now }) });
    const parent = await queue.enqueue("parent", 1);
    clock.pass(60 * MINUTE);
    await queue.worker("parent", async (_job, ctx) => {
      await ctx.enqueue("child", 1);
      await queue.enqueue("child", 2);
    }).tick();
    const { traceId, spanId } = spans.one("process parent").spanContext();
    const { jobs } = await queue.find({ traceId });
    assert.deepEqual(jobs.map(({ queueName }) => queueName), ["child", "child", "parent"]);
    assert.ok(jobs.slice(0, 2).every((child) => child.parentId === parent.id));
    assert.deepEqual(spans.all("send child").map(parentOf), [spanId, spanId]);
  });

  test("a handler that enqueues its next run makes a trace of each run with link, else one", async () => {
    for (const propagation of ["link", undefined] as const) {
      spans.clear();
      const queue = new JobQueue<Queues>({ store: memory() });
      const worker = queue.worker("report", async ({ payload }, ctx) => {
        if (payload < 5) await ctx.enqueue("report", payload + 1, { propagation, parent: null });
      });
      await queue.enqueue("report", 1, { propagation });
      await worker.tick();
      const runs = spans.all("process report");
      assert.equal(runs.length, 5);
      const traces = new Set(runs.map((span) => span.spanContext().traceId));
      assert.equal(traces.size, propagation === "link" ? 5 : 1);
      if (propagation === undefined) continue;
      for (const [i, run] of runs.entries()) {
        const send = spans.all("send report")[i]!;
        assert.deepEqual(linksOf(run), [["creation", traceparentOf(send)]]);
        if (i > 0) assert.equal(parentOf(send), runs[i - 1]!.spanContext().spanId);
      }
      const { jobs } = await queue.find({ queueName: "report" });
      assert.ok(jobs.every(({ parentId }) => parentId === undefined));
    }
  });

  test("a child that is given its parent hangs below the parent's enqueue, by job and by id", async () => {
    const queue = new JobQueue<Queues>({ store: memory() });
    const traceId = newTraceId();
    const order = { traceId, correlationId: "batch-import-001" };
    const parent = await queue.enqueue("parent", 1, order);
    await queue.enqueue("child", 1, { parent });
    await queue.enqueue("child", 2, { ...order, parent: parent.id });
    const { spanId } = spans.one("send parent").spanContext();
    assert.deepEqual(spans.all("send child").map(parentOf), [spanId, spanId]);
    assert.ok(spans.ended.every((span) => span.spanContext().traceId === traceId));
  });
});

describe("what a caller gives along", () => {
  keepSpansOfSuite();

  const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

  test("its traceparent wins and its tracestate goes with it to the handler's outgoing calls", async () => {
    const queue = new JobQueue<Queues>({ store: memory() });
    const sent = await queue.enqueue("mails", 1, { traceparent, tracestate: "vendor=a,other=b" });
    const outgoing: Record<string, string> = {};
    await queue.worker("mails", () => headers.inject(context.active(), outgoing)).tick();
    assert.equal(sent.traceId, "0af7651916cd43dd8448eb211c80319c");
    assert.equal(parentOf(spans.one("send mails")), "b7ad6b7169203331");
    assert.deepEqual(outgoing, {
      traceparent: traceparentOf(spans.one("process mails")),
      tracestate: "vendor=a,other=b",
    });
  });

  test("a malformed traceparent is ignored, and its tracestate with it", async () => {
    const queue = new JobQueue<Queues>({ store: memory() });
    for (
      const malformed of ["", "garbage", traceparent.toUpperCase(), `ff${traceparent.slice(2)}`]
    ) {
      spans.clear();
      const sent = await queue.enqueue("mails", 1, { traceparent: malformed, tracestate: "a=b" });
      assert.match(sent.traceId, /^[0-9a-f]{32}$/);
      assert.notEqual(sent.traceId, "0af7651916cd43dd8448eb211c80319c");
      assert.equal(sent.tracestate, undefined);
      assert.equal(parentOf(spans.one("send mails")), undefined);
    }
  });

  test("its baggage stays behind unless the queue carries it", async () => {
    const baggage = headers.createBaggage({ tenant: { value: "a, b=c" } });
    const within = headers.setBaggage(context.active(), baggage);
    for (const carries of [undefined, true]) {
      const queue = new JobQueue<Queues>({ store: memory(), baggage: carries });
      const sent = await context.with(within, () => queue.enqueue("parent", 1));
      assert.equal(sent.baggage, carries && "tenant=a%2C%20b%3Dc");
      const seen: unknown[] = [];
      const see = () => seen.push(headers.getActiveBaggage()?.getEntry("tenant")?.value);
      const parent = queue.worker("parent", async (_job, ctx) => {
        see();
        await ctx.enqueue("child", 1);
      });
      await parent.tick();
      await queue.worker("child", see).tick();
      assert.deepEqual(seen, carries ? ["a, b=c", "a, b=c"] : [undefined, undefined]);
    }
  });

  test("a baggage header is kept within the limits of W3C, and what is malformed in it left out", async () => {
    const queue = new JobQueue<Queues>({ store: memory() });
    const kept = async (baggage: string) => (await queue.enqueue("mails", 1, { baggage })).baggage;
    assert.equal(await kept("a=1;secret , b = %C3%A4 ,=x,c,d=%zz"), "a=1;secret,b=%C3%A4");
    assert.equal(await kept(" "), undefined);
    const many = Array.from({ length: 200 }, (_, i) => `k${i}=v`).join(",");
    assert.equal((await kept(many))!.split(",").length, 180);
    assert.equal(await kept(`a=${"x".repeat(4_096)},b=1`), "b=1");
    const long = Array.from({ length: 10 }, (_, i) => `k${i}=${"x".repeat(1_000)}`).join(",");
    assert.ok((await kept(long))!.length <= 8_192);
  });

  test("its own active span is the parent, and none is taken from a job that runs elsewhere", async () => {
    const queue = new JobQueue<Queues>({ store: memory() });
    const request = trace.getTracer("http").startSpan("POST /orders");
    await context.with(trace.setSpan(context.active(), request), async () => {
      await queue.enqueue("mails", 1);
      await queue.worker("mails", () => {}).tick();
    });
    request.end();
    const send = spans.one("send mails");
    assert.equal(parentOf(send), request.spanContext().spanId);
    assert.equal(parentOf(spans.one("process mails")), send.spanContext().spanId);
  });

  test("a tick that is called within a span links its attempts to it; a run does not", async () => {
    const queue = new JobQueue<Queues>({ store: memory() });
    const request = trace.getTracer("http").startSpan("GET /cron");
    const ticks = (span: ReadableSpan) =>
      linksOf(span).filter(([relation]) => relation === "tick").map(([, context]) => context);
    await context.with(trace.setSpan(context.active(), request), async () => {
      const sent = await context.with(ROOT_CONTEXT, () => queue.enqueue("mails", 1));
      await queue.worker("mails", async (_job, ctx) => {
        await null;
        await ctx.enqueue("children", 1);
      }, { concurrency: 2 }).tick();
      const attempt = spans.one("process mails");
      assert.equal(attempt.spanContext().traceId, sent.traceId);
      assert.deepEqual(ticks(attempt), [traceparentOf(request)]);
      const stop = new AbortController();
      const children = queue.worker("children", () => stop.abort());
      await children.run({ signal: stop.signal });
    });
    request.end();
    assert.deepEqual(ticks(spans.one("process children")), []);
    await queue.enqueue("mails", 2);
    await queue.worker("mails", () => {}).tick();
    assert.deepEqual(ticks(spans.all("process mails")[1]!), []);
  });

  test("each span has its real parent and its job's baggage where processors look", async () => {
    const queue = new JobQueue<Queues>({ store: memory(), baggage: true });
    const request = trace.getTracer("http").startSpan("POST /orders");
    const baggage = headers.createBaggage({ tenant: { value: "a" } });
    const active = headers.setBaggage(trace.setSpan(ROOT_CONTEXT, request), baggage);
    await context.with(active, async () => {
      await queue.enqueue("mails", 1);
      await queue.enqueue([job("batch", 1), job("batch", 2, { baggage: "tenant=b" })]);
    });
    request.end();
    await queue.worker("mails", async (_job, ctx) => {
      await ctx.enqueue("children", 1);
    }).tick();
    await queue.worker("batch", () => {}).tick();
    const seen = spans.started.map(({ name, parent, tenant }) => [name, parent, tenant]);
    assert.deepEqual(seen, [
      ["POST /orders", undefined, undefined],
      ["send mails", "POST /orders", "a"],
      ["send batch", "POST /orders", "a"],
      ["create batch", "send batch", "a"],
      ["create batch", "send batch", "b"],
      ["process mails", "remote", "a"],
      ["send children", "process mails", "a"],
      ["process batch", "remote", "a"],
      ["process batch", "remote", "b"],
    ]);
  });

  test("its active span is above a call for jobs of several traces, each of which has its own root", async () => {
    const queue = new JobQueue<Queues>({ store: memory() });
    const request = trace.getTracer("http").startSpan("POST /orders");
    const [a, b] = [newTraceId(), newTraceId()];
    await context.with(
      trace.setSpan(context.active(), request),
      () => queue.enqueue([job("mails", 1, { traceId: a }), job("sms", 1, { traceId: b })]),
    );
    request.end();
    assert.equal(parentOf(spans.one("send")), request.spanContext().spanId);
    const creates = [spans.one("create mails"), spans.one("create sms")];
    assert.deepEqual(creates.map((span) => span.spanContext().traceId), [a, b]);
    assert.deepEqual(creates.map(parentOf), [undefined, undefined]);
  });
});

describe("a job that was enqueued without tracing", () => {
  test("is sampled by the rule of the worker that runs it", async () => {
    for (const samplingRatio of [0, 1]) {
      const queue = new JobQueue<Queues>({ store: memory() });
      const sent = await queue.enqueue("mails", 1);
      assert.equal(sent.traceparent, undefined, "no sampling decision was taken");
      const { spans, tracing } = await recordSpans({ samplingRatio });
      let attempts = 0;
      await queue.worker("mails", () => {
        if (++attempts === 1) throw new Error("not yet");
      }, FAILS_ONCE).tick();
      await tracing.shutdown();
      const attempted = spans.all("process mails");
      assert.equal(attempted.length, samplingRatio * 2);
      for (const span of attempted) {
        assert.equal(span.spanContext().traceId, sent.traceId);
        assert.equal(span.parentSpanContext, undefined, "a real root");
      }
    }
  });
});
