import { context, ROOT_CONTEXT, type Span, type SpanContext, trace } from "@opentelemetry/api";
import { TracerProvider } from "@opentelemetry/sdk-trace";
import assert from "node:assert/strict";
import { afterEach, describe, test } from "node:test";
import { job, JobQueue, logFields, memory } from "../../mod.ts";
import type { LogFields } from "../../src/signatures.ts";
import { endTracing, init, newSpanRecorder } from "./init_tracing.ts";

/** Sets tracing up for one test; the spans go nowhere. */
const startTracing = (samplingRatio: number = 1) =>
  init({ samplingRatio, spanProcessors: [newSpanRecorder()] });

afterEach(endTracing);

/** The fields of a span, as a log line has them. */
const fieldsOf = ({ traceId, spanId }: SpanContext): LogFields => (
  { trace_id: traceId, span_id: spanId, trace_flags: "01" }
);

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

describe("log fields without tracing", () => {
  test("are none outside of any job and span", () => {
    assert.deepEqual(logFields(), {});
  });

  test("are the running job's ids, and its trace's without a span", async () => {
    const queue = new JobQueue({ store: memory() });
    const sent = await queue.enqueue("email", {}, { correlationId: "order-1" });
    const seen: LogFields[] = [];
    await queue.worker("email", () => void seen.push(logFields())).tick();
    assert.deepEqual(seen, [{
      trace_id: sent.traceId,
      correlation_id: "order-1",
      job_id: sent.id,
      queue: "email",
    }]);
    assert.deepEqual(logFields(), {});
  });

  test("leave out a correlation id that the job has not", async () => {
    const queue = new JobQueue({ store: memory() });
    await queue.enqueue("email", {});
    const seen: LogFields[] = [];
    await queue.worker("email", () => void seen.push(logFields())).tick();
    assert.deepEqual(Object.keys(seen[0]!), ["trace_id", "job_id", "queue"]);
  });

  test("stay each job's own across awaits and timers, however the jobs interleave", async () => {
    const queue = new JobQueue({ store: memory() });
    await queue.enqueue(Array.from({ length: 20 }, (_, i) => job("email", i)));
    let lines = 0;
    const log = (id: string) => {
      assert.equal(logFields().job_id, id);
      lines++;
    };
    const result = await queue.worker("email", async ({ id, payload }) => {
      log(id);
      await Promise.resolve();
      log(id);
      await pause(Number(payload) % 7);
      log(id);
      await new Promise<void>((resolve) => setTimeout(() => (log(id), resolve()), 2));
    }, { concurrency: 20 }).tick();
    assert.equal(result.completed, 20);
    assert.equal(lines, 80);
  });

  test("are found by the handler's ctx where the runtime does not carry them", async () => {
    const queue = new JobQueue({ store: memory() });
    const sent = await queue.enqueue("email", {}, { correlationId: "order-1" });
    let later = (): LogFields => ({});
    await queue.worker("email", (_, ctx) => {
      // A copy with something of its own, as frameworks make them.
      const own = { ...ctx, logger: "mine" };
      later = () => logFields(own);
    }).tick();
    assert.deepEqual(logFields(), {});
    assert.deepEqual(later(), {
      trace_id: sent.traceId,
      correlation_id: "order-1",
      job_id: sent.id,
      queue: "email",
    });
  });
});

describe("log fields with tracing", () => {
  test("have the attempt's span", async () => {
    await startTracing();
    const queue = new JobQueue({ store: memory() });
    const sent = await queue.enqueue("email", {}, { correlationId: "order-1" });
    const seen: LogFields[] = [];
    let attempt: SpanContext;
    await queue.worker("email", async (_, ctx) => {
      attempt = ctx.span.spanContext();
      seen.push(logFields());
      await pause(2);
      seen.push(logFields(), logFields(ctx));
    }).tick();
    const expected = {
      ...fieldsOf(attempt!),
      correlation_id: "order-1",
      job_id: sent.id,
      queue: "email",
    };
    assert.equal(expected.trace_id, sent.traceId);
    assert.deepEqual(seen, [expected, expected, expected]);
  });

  test("have the handler's own span while it is active, and then the attempt's again", async () => {
    await startTracing();
    const queue = new JobQueue({ store: memory() });
    const sent = await queue.enqueue("email", {});
    const seen: [string | undefined, SpanContext][] = [];
    await queue.worker("email", async (_, ctx) => {
      await trace.getTracer("shop").startActiveSpan("render", async (span) => {
        await pause(2);
        seen.push([logFields().span_id, span.spanContext()]);
        assert.equal(logFields().job_id, sent.id);
        span.end();
      });
      seen.push([logFields().span_id, ctx.span.spanContext()]);
    }).tick();
    assert.equal(seen.length, 2);
    assert.notEqual(seen[0]![0], seen[1]![0]);
    for (const [logged, { spanId, traceId }] of seen) {
      assert.equal(logged, spanId);
      assert.equal(traceId, sent.traceId);
    }
  });

  test("have the attempt's span where no context manager knows what is active", async () => {
    trace.setGlobalTracerProvider(new TracerProvider({ spanProcessors: [] }));
    try {
      const queue = new JobQueue({ store: memory() });
      await queue.enqueue("email", {});
      const seen: LogFields[] = [];
      let attempt: SpanContext;
      await queue.worker("email", async (_, ctx) => {
        await pause(2);
        attempt = ctx.span.spanContext();
        assert.equal(trace.getActiveSpan(), undefined);
        seen.push(logFields());
      }).tick();
      const { trace_id, span_id, trace_flags } = seen[0]!;
      assert.deepEqual({ trace_id, span_id, trace_flags }, fieldsOf(attempt!));
    } finally {
      trace.disable();
    }
  });

  test("have the active span outside of any job, and nothing of a job", async () => {
    await startTracing();
    trace.getTracer("shop").startActiveSpan("request", (span) => {
      assert.deepEqual(logFields(), fieldsOf(span.spanContext()));
      span.end();
    });
    assert.deepEqual(logFields(), {});
  });

  test("say in the flags whether the span is sampled", async () => {
    await startTracing(0);
    const queue = new JobQueue({ store: memory() });
    await queue.enqueue("email", {});
    const seen: LogFields[] = [];
    await queue.worker("email", () => void seen.push(logFields())).tick();
    assert.equal(seen[0]!.trace_flags, "00");
  });
});

describe("log fields never throw", () => {
  test("when a span does, or an active one is empty", async () => {
    await startTracing();
    const fail = () => {
      throw new Error("The span is broken");
    };
    const spans = [{ spanContext: fail }, {}, { spanContext: () => ({ traceId: "", spanId: "" }) }];
    for (const span of spans) {
      const active = trace.setSpan(ROOT_CONTEXT, span as unknown as Span);
      context.with(active, () => {
        assert.equal(trace.getActiveSpan(), span);
        assert.deepEqual(logFields(), {});
      });
    }
  });

  test("when a logger passes something else in the place of ctx", () => {
    const passed = [null, "text", 5, { scope: "mine" }, [], () => {}];
    for (const one of passed) assert.deepEqual(logFields(one as never), {});
  });
});
