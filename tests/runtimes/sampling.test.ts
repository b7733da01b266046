import { ROOT_CONTEXT, trace } from "@opentelemetry/api";
import assert from "node:assert/strict";
import { afterEach, describe, it } from "node:test";
import { createJobSpan, job, JobQueue, memory } from "../../mod.ts";
import type { SpanAttributes } from "../../src/signatures.ts";
import { isDropped, startWithRootTraceId } from "../../src/trace/root_trace_id.ts";
import type { TracingOptions } from "../../src/tracing.ts";
import { endTracing, init, newSpanRecorder, record, warningsOf } from "./init_tracing.ts";

const TRACE_ID = "0af7651916cd43dd8448eb211c80319c";
const SPAN_ID = "b7ad6b7169203331";
const remote = { traceId: TRACE_ID, spanId: SPAN_ID, isRemote: true };

afterEach(endTracing);

describe("sampling", () => {
  it("records no new trace at a ratio of zero, and follows a sampled parent all the same", async () => {
    const keeper = newSpanRecorder();
    await init({ samplingRatio: 0, spanProcessors: [keeper] });
    assert.equal(record("root").traceFlags, 0);
    record("child", { traceId: TRACE_ID, spanId: SPAN_ID, traceFlags: 1, isRemote: true });
    assert.deepEqual(keeper.spans.map(({ name }) => name), ["child"]);
  });

  it("records every new trace by default, but not under a parent that is not", async () => {
    const keeper = newSpanRecorder();
    await init({ spanProcessors: [keeper] });
    for (let i = 0; i < 100; i++) record("root");
    record("child", { traceId: TRACE_ID, spanId: SPAN_ID, traceFlags: 0, isRemote: true });
    assert.equal(keeper.spans.length, 100);
    assert.equal(new Set(keeper.spans.map((span) => span.spanContext().traceId)).size, 100);
  });
});

/** Which of these are recorded: a root, a child of a sampled parent, a child of an unsampled one. */
async function recorded(options: TracingOptions): Promise<readonly string[]> {
  const keeper = newSpanRecorder();
  await init({ ...options, spanProcessors: [keeper] });
  record("root");
  record("under sampled", { ...remote, traceFlags: 1 });
  record("under unsampled", { ...remote, traceFlags: 0 });
  await endTracing();
  return keeper.spans.map(({ name }) => name);
}

const ALL = ["root", "under sampled", "under unsampled"];

describe("OTEL_TRACES_SAMPLER", () => {
  const samplers: Record<string, readonly string[]> = {
    always_on: ALL,
    always_off: [],
    traceidratio: ALL,
    parentbased_always_on: ["root", "under sampled"],
    parentbased_always_off: ["under sampled"],
    parentbased_traceidratio: ["root", "under sampled"],
  };
  for (const [sampler, names] of Object.entries(samplers)) {
    it(`${sampler} records what its name says`, async () => {
      assert.deepEqual(await recorded({ env: { OTEL_TRACES_SAMPLER: sampler } }), names);
    });
  }

  it("takes its ratio from OTEL_TRACES_SAMPLER_ARG where its name says so", async () => {
    const withRatio = (sampler: string, ratio: string) =>
      recorded({ env: { OTEL_TRACES_SAMPLER: sampler, OTEL_TRACES_SAMPLER_ARG: ratio } });
    assert.deepEqual(await withRatio("traceidratio", "0"), []);
    assert.deepEqual(await withRatio("parentbased_traceidratio", "0.0"), ["under sampled"]);
    assert.deepEqual(await withRatio("always_on", "0"), ALL);
  });

  it("is overruled by the option, which follows parents", async () => {
    const env = { OTEL_TRACES_SAMPLER: "always_off" };
    assert.deepEqual(await recorded({ env, samplingRatio: 1 }), ["root", "under sampled"]);
  });

  it("that is not known, or has no ratio for its argument, is ignored with a warning", async () => {
    const warned: Record<string, Record<string, string>> = {
      [`OTEL_TRACES_SAMPLER must be one of ${Object.keys(samplers).join(", ")}: it is ignored`]: {
        OTEL_TRACES_SAMPLER: "jaeger_remote",
      },
      "OTEL_TRACES_SAMPLER_ARG must be a number from 0 to 1: it is ignored": {
        OTEL_TRACES_SAMPLER: "parentbased_traceidratio",
        OTEL_TRACES_SAMPLER_ARG: "50%",
      },
    };
    for (const [sentence, env] of Object.entries(warned)) {
      const warnings = await warningsOf(async () => {
        assert.deepEqual(await recorded({ env }), ["root", "under sampled"]);
      });
      assert.deepEqual(warnings, [sentence]);
    }
  });
});

describe("the span of a job under an unsampled parent", () => {
  const traceparent = `00-${TRACE_ID}-${SPAN_ID}-00`;
  // In workerd no id can be made outside a test.
  const unsampled = () => ({
    ...job("email_queue", {}),
    traceId: TRACE_ID,
    traceparent,
    attempts: 1,
    maxAttempts: 3,
  });

  it("is not even made where the sampler follows parents", async () => {
    const keeper = newSpanRecorder();
    await init({ spanProcessors: [keeper] });
    assert.equal(isDropped(TRACE_ID, { ...remote, traceFlags: 0 }), true);
    assert.equal(isDropped(TRACE_ID, { ...remote, traceFlags: 1 }), false);
    createJobSpan(unsampled()).end();
    assert.equal(keeper.spans.length, 0);
  });

  it("is made where the sampler does not follow parents", async () => {
    const keeper = newSpanRecorder();
    await init({ env: { OTEL_TRACES_SAMPLER: "always_on" }, spanProcessors: [keeper] });
    assert.equal(isDropped(TRACE_ID, { ...remote, traceFlags: 0 }), false);
    createJobSpan(unsampled()).end();
    assert.deepEqual(keeper.spans.map(({ name }) => name), ["process email_queue"]);
    assert.equal(keeper.spans[0]!.spanContext().traceId, TRACE_ID);
  });

  it("is recorded for a job that a worker runs, when all are asked for", async () => {
    const keeper = newSpanRecorder();
    await init({ env: { OTEL_TRACES_SAMPLER: "always_on" }, spanProcessors: [keeper] });
    const queue = new JobQueue({ store: memory() });
    await queue.enqueue("email_queue", {}, { traceparent });
    await queue.worker("email_queue", () => {}).tick();
    const spans = keeper.spans.filter(({ name }) => name === "process email_queue");
    assert.equal(spans.length, 1);
    assert.ok(trace.isSpanContextValid(spans[0]!.spanContext()));
  });
});

describe("a span that is sampled out", () => {
  const traceIds = Array.from({ length: 400 }, (_, i) => (i * 0x9e3779b1 >>> 0).toString(16))
    .map((digits) => digits.padStart(8, "0").repeat(3) + "0af76519");

  for (const sampler of ["traceidratio", "parentbased_traceidratio"]) {
    it(`is known beforehand exactly as ${sampler} decides`, async () => {
      const env = { OTEL_TRACES_SAMPLER: sampler, OTEL_TRACES_SAMPLER_ARG: "0.4" };
      await init({ env, spanProcessors: [newSpanRecorder()] });
      const tracer = trace.getTracer("test");
      const dropped = new Set<boolean>();
      for (const traceId of traceIds) {
        const root = startWithRootTraceId(
          traceId,
          () => tracer.startSpan("root", {}, ROOT_CONTEXT),
        );
        dropped.add(isDropped(traceId, undefined));
        assert.equal(isDropped(traceId, undefined), !root.isRecording());
        for (const traceFlags of [0, 1]) {
          const parent = { ...remote, traceId, traceFlags };
          const child = tracer.startSpan("child", {}, trace.setSpanContext(ROOT_CONTEXT, parent));
          assert.equal(isDropped(traceId, parent), !child.isRecording());
        }
      }
      assert.equal(dropped.size, 2);
    });
  }

  it("is asked for nothing, neither where its job is enqueued nor where it runs", async () => {
    await init({ samplingRatio: 0 });
    const asked: string[] = [];
    const spanAttributes: SpanAttributes = (attributes) => {
      asked.push(String(attributes["messaging.operation.name"]));
      return attributes;
    };
    const queue = new JobQueue({ store: memory(), spanAttributes });
    const one = await queue.enqueue("email_queue", {});
    const many = await queue.enqueue([job("email_queue", {}), job("email_queue", {})]);
    for (const { traceId, traceparent } of [one, ...many]) {
      assert.match(traceparent!, new RegExp(`^00-${traceId}-[0-9a-f]{16}-00$`));
    }
    assert.equal(new Set([one, ...many].map(({ traceparent }) => traceparent)).size, 3);
    assert.equal((await queue.worker("email_queue", () => {}).tick()).completed, 3);
    assert.deepEqual(asked, []);
  });

  it("keeps the trace that its job was given, and its caller's vendors", async () => {
    await init({ samplingRatio: 0 });
    const queue = new JobQueue({ store: memory() });
    const given = await queue.enqueue("email_queue", {}, { traceId: TRACE_ID });
    assert.match(given.traceparent!, new RegExp(`^00-${TRACE_ID}-(?!0{16})[0-9a-f]{16}-00$`));
    const traceparent = `00-${TRACE_ID}-${SPAN_ID}-00`;
    const called = await queue.enqueue("email_queue", {}, { traceparent, tracestate: "a=b" });
    assert.equal(called.traceId, TRACE_ID);
    assert.equal(called.tracestate, "a=b");
    assert.notEqual(called.traceparent, traceparent);
  });
});
