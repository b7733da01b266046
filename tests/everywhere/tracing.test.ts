import {
  context,
  createContextKey,
  propagation,
  ROOT_CONTEXT,
  type SpanContext,
  trace,
} from "@opentelemetry/api";
import type { ReadableSpan, SpanProcessor } from "@opentelemetry/sdk-trace";
import assert from "node:assert/strict";
import { afterEach, describe, it } from "node:test";
import { choosesRoots, startWithTraceId, takeChosenTraceId } from "../../src/trace/chosen_root.ts";
import { initTracing, type Tracing, type TracingOptions } from "../../src/tracing.ts";
import { openCollector } from "./collector.ts";

const TRACE_ID = "0af7651916cd43dd8448eb211c80319c";
const SPAN_ID = "b7ad6b7169203331";

let tracing: Tracing | undefined;

/** Sets tracing up for one test, blind to the environment that the tests run in. */
async function init(options: TracingOptions = {}): Promise<Tracing> {
  return tracing = await initTracing({ env: {}, ...options });
}

afterEach(async () => {
  await tracing?.shutdown();
  tracing = undefined;
});

/** A processor that keeps what it gets. */
function newKeeper(): SpanProcessor & { spans: ReadableSpan[] } {
  const spans: ReadableSpan[] = [];
  return {
    spans,
    onStart: () => {},
    onEnd: (span) => void spans.push(span),
    forceFlush: async () => {},
    shutdown: async () => {},
  };
}

function record(name: string, parent?: SpanContext): SpanContext {
  const under = parent ? trace.setSpanContext(ROOT_CONTEXT, parent) : ROOT_CONTEXT;
  const span = trace.getTracer("test").startSpan(name, {}, under);
  span.end();
  return span.spanContext();
}

async function warningsOf(run: () => Promise<unknown>): Promise<string[]> {
  const warnings: string[] = [];
  const { warn } = console;
  console.warn = (sentence: string) => void warnings.push(sentence);
  try {
    await run();
  } finally {
    console.warn = warn;
  }
  return warnings;
}

async function resourceOf(options: TracingOptions): Promise<Record<string, unknown>> {
  const keeper = newKeeper();
  await init({ ...options, spanProcessors: [keeper] });
  record("one");
  await tracing!.shutdown();
  return { ...keeper.spans[0]!.resource.attributes };
}

describe("initTracing exports", () => {
  it("to the endpoint and with the headers of its options", async () => {
    const { endpoint, ...collector } = await openCollector();
    await init({ serviceName: "shop", otlpEndpoint: endpoint, otlpHeaders: { "x-key": "abc" } });
    const { traceId } = record("one");
    await tracing!.forceFlush();
    const [span] = await collector.spans();
    assert.equal(span!.traceId, traceId);
    assert.deepEqual(span!.resource, { "service.name": "shop" });
    assert.equal((await collector.received())[0]!.headers["x-key"], "abc");
  });

  it("to the endpoint and with the headers of the environment", async () => {
    const { endpoint, ...collector } = await openCollector();
    await init({
      env: {
        OTEL_EXPORTER_OTLP_ENDPOINT: `${endpoint}/`,
        OTEL_EXPORTER_OTLP_HEADERS: "x-key=a%20b%3Dc==, x-team = blue ,",
      },
    });
    record("one");
    await tracing!.forceFlush();
    const [request] = await collector.received();
    assert.equal(request!.path, "/v1/traces");
    assert.equal(request!.headers["x-key"], "a b=c==");
    assert.equal(request!.headers["x-team"], "blue");
  });

  it("to OTEL_EXPORTER_OTLP_TRACES_ENDPOINT as it is, before the base", async () => {
    const { endpoint, ...collector } = await openCollector();
    await init({
      env: {
        OTEL_EXPORTER_OTLP_ENDPOINT: "http://unused.example",
        OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${endpoint}/intake`,
      },
    });
    record("one");
    await tracing!.forceFlush();
    assert.deepEqual((await collector.received()).map(({ path }) => path), ["/intake"]);
  });

  it("all of more spans than fit one batch", async () => {
    const { endpoint, ...collector } = await openCollector();
    await init({ otlpEndpoint: endpoint });
    for (let i = 0; i < 1_500; i++) record(`span ${i}`);
    await tracing!.forceFlush();
    assert.equal((await collector.spans()).length, 1_500);
  });

  it("and waits at a flush for the batch that was sent by itself just before", async () => {
    const realFetch = globalThis.fetch;
    let answered = 0;
    globalThis.fetch = (async () => {
      await new Promise((resolve) => setTimeout(resolve, 10));
      answered++;
      return new Response("{}");
    }) as typeof fetch;
    try {
      await init({ otlpEndpoint: "http://unused.example" });
      // A full batch leaves at once, without a timer.
      for (let i = 0; i < 512; i++) record(`span ${i}`);
      await tracing!.forceFlush();
      assert.equal(answered, 1);
    } finally {
      globalThis.fetch = realFetch;
    }
  });

  it("what is left at shutdown", async () => {
    const { endpoint, ...collector } = await openCollector();
    await init({ otlpEndpoint: endpoint });
    record("last");
    await tracing!.shutdown();
    assert.deepEqual((await collector.spans()).map(({ name }) => name), ["last"]);
  });

  it("without making spans of its own requests", async () => {
    const { endpoint } = await openCollector();
    const keeper = newKeeper();
    await init({ otlpEndpoint: endpoint, spanProcessors: [keeper] });
    record("one");
    const realFetch = globalThis.fetch;
    globalThis.fetch = ((...args: Parameters<typeof fetch>) => {
      trace.getTracer("instrumented fetch").startSpan("POST").end();
      return realFetch(...args);
    }) as typeof fetch;
    try {
      await tracing!.forceFlush();
    } finally {
      globalThis.fetch = realFetch;
    }
    assert.deepEqual(keeper.spans.map(({ name }) => name), ["one"]);
  });

  it("nothing without an endpoint, but makes spans", async () => {
    const keeper = newKeeper();
    await init({ spanProcessors: [keeper] });
    record("one");
    await tracing!.forceFlush();
    assert.equal(keeper.spans.length, 1);
  });
});

describe("a dead collector", () => {
  it("makes neither forceFlush nor shutdown reject, and is reported once", async () => {
    const warnings = await warningsOf(async () => {
      await init({ otlpEndpoint: "http://127.0.0.1:49151", exportTimeoutMs: 60 });
      record("one");
      await tracing!.forceFlush();
      record("two");
      await tracing!.shutdown();
    });
    assert.equal(warnings.length, 1);
    assert.match(
      warnings[0]!,
      /^Spans were lost \(1\): The collector at http:\/\/127\.0\.0\.1:49151/,
    );
  });

  it("that hangs holds shutdown no longer than the export timeout", async () => {
    const { endpoint, ...collector } = await openCollector();
    await collector.answerWith({ hang: true });
    await init({ otlpEndpoint: endpoint, exportTimeoutMs: 50 });
    record("one");
    const startedMs = performance.now();
    await tracing!.shutdown();
    assert.ok(performance.now() - startedMs < 1_500);
  });
});

describe("the service is described", () => {
  it("by a default name where nothing is said", async () => {
    assert.deepEqual(await resourceOf({}), { "service.name": "hammerwork" });
  });

  it("by the options", async () => {
    const options = {
      serviceName: "shop",
      serviceVersion: "1.2.3",
      environment: "production",
      resourceAttributes: { "host.name": "one", "service.name": "weaker" },
    };
    assert.deepEqual(await resourceOf(options), {
      "service.name": "shop",
      "service.version": "1.2.3",
      "deployment.environment.name": "production",
      "host.name": "one",
    });
  });

  it("by the environment, which the options overrule", async () => {
    const env = {
      OTEL_SERVICE_NAME: "shop",
      OTEL_RESOURCE_ATTRIBUTES: "service.name=weaker,service.version=1,team=a%2Cb",
    };
    assert.deepEqual(await resourceOf({ env, serviceVersion: "2" }), {
      "service.name": "shop",
      "service.version": "2",
      "team": "a,b",
    });
  });

  it("without a list that cannot be read, which is warned of without its values", async () => {
    for (const list of ["team=blue,secret", "team=%zz", "=blue"]) {
      const env = { OTEL_RESOURCE_ATTRIBUTES: list };
      const warnings = await warningsOf(async () => {
        assert.deepEqual(await resourceOf({ env }), { "service.name": "hammerwork" });
      });
      assert.deepEqual(warnings, [
        "OTEL_RESOURCE_ATTRIBUTES must be a list of percent-encoded key=value pairs: it is ignored",
      ]);
    }
  });
});

describe("initTracing refuses", () => {
  it("a sampling ratio that is none", async () => {
    for (const samplingRatio of [-0.1, 1.1, NaN, "1" as unknown as number]) {
      await assert.rejects(init({ samplingRatio }), {
        name: "RangeError",
        message: `samplingRatio must be a number from 0 to 1: got ${samplingRatio}`,
      });
    }
  });

  it("an endpoint that cannot work, and names the variable it came from", async () => {
    const env = { OTEL_EXPORTER_OTLP_ENDPOINT: "http://jaeger:4317" };
    await assert.rejects(init({ env }), {
      name: "RangeError",
      message: /^OTEL_EXPORTER_OTLP_ENDPOINT must be .* such as http:\/\/jaeger:4318: got/,
    });
    await assert.rejects(init({ otlpEndpoint: "http://zipkin:9411/api/v2/spans" }), {
      message: /http:\/\/zipkin:9411\/v1\/traces/,
    });
  });

  it("an export timeout that is none", async () => {
    for (const exportTimeoutMs of [0, -1, NaN, 2 ** 31]) {
      await assert.rejects(init({ exportTimeoutMs }), RangeError);
    }
  });

  it("and has registered nothing then", async () => {
    await assert.rejects(init({ samplingRatio: 2 }));
    assert.deepEqual(await warningsOf(() => init()), []);
  });
});

describe("sampling", () => {
  it("records no new trace at a ratio of zero, and follows a sampled parent all the same", async () => {
    const keeper = newKeeper();
    await init({ samplingRatio: 0, spanProcessors: [keeper] });
    assert.equal(record("root").traceFlags, 0);
    record("child", { traceId: TRACE_ID, spanId: SPAN_ID, traceFlags: 1, isRemote: true });
    assert.deepEqual(keeper.spans.map(({ name }) => name), ["child"]);
  });

  it("records every new trace by default, but not under a parent that is not", async () => {
    const keeper = newKeeper();
    await init({ spanProcessors: [keeper] });
    for (let i = 0; i < 100; i++) record("root");
    record("child", { traceId: TRACE_ID, spanId: SPAN_ID, traceFlags: 0, isRemote: true });
    assert.equal(keeper.spans.length, 100);
    assert.equal(new Set(keeper.spans.map((span) => span.spanContext().traceId)).size, 100);
  });
});

describe("startWithTraceId", () => {
  it("makes one real root with exactly that trace id, and the next one with another", async () => {
    const keeper = newKeeper();
    await init({ spanProcessors: [keeper] });
    assert.equal(choosesRoots(), true);
    assert.equal(startWithTraceId(TRACE_ID, () => record("chosen")).traceId, TRACE_ID);
    assert.equal(keeper.spans[0]!.parentSpanContext, undefined);
    assert.notEqual(record("next").traceId, TRACE_ID);
  });

  it("leaves no choice behind when the span had a parent, or when it failed", () => {
    startWithTraceId(TRACE_ID, () => {});
    assert.equal(takeChosenTraceId(), undefined);
    assert.throws(() =>
      startWithTraceId(TRACE_ID, () => {
        throw new Error("no span");
      })
    );
    assert.equal(takeChosenTraceId(), undefined);
  });

  it("gives its choice once", () => {
    const taken = startWithTraceId(TRACE_ID, () => [takeChosenTraceId(), takeChosenTraceId()]);
    assert.deepEqual(taken, [TRACE_ID, undefined]);
  });
});

describe("the active context", () => {
  const key = createContextKey("test");
  const turn = () => new Promise((resolve) => setTimeout(resolve, 1));
  const value = () => context.active().getValue(key);
  const named = (name: string) => ROOT_CONTEXT.setValue(key, name);

  it("survives awaits and timers, also of two jobs at once", async () => {
    await init();
    const job = (name: string) =>
      context.with(named(name), async () => {
        const seen = [value()];
        await null;
        seen.push(value());
        await turn();
        seen.push(value());
        return seen;
      });
    assert.deepEqual(await Promise.all([job("a"), job("b")]), [["a", "a", "a"], ["b", "b", "b"]]);
    assert.equal(value(), undefined);
  });

  it("passes this, arguments, results and errors through, and can be bound", async () => {
    await init();
    const self = { factor: 2 };
    function scaled(this: typeof self, by: number) {
      return [this.factor * by, value()];
    }
    assert.deepEqual(context.with(named("a"), scaled, self, 21), [42, "a"]);
    const bound = context.bind(named("b"), scaled);
    assert.deepEqual(bound.call(self, 1), [2, "b"]);
    assert.equal(bound.length, 1);
    const target = { not: "a function" };
    assert.equal(context.bind(named("b"), target), target);
    assert.throws(() =>
      context.with(named("a"), () => {
        throw new TypeError("thrown inside");
      }), TypeError);
  });

  it("makes a span the parent of what starts after an await", async () => {
    const keeper = newKeeper();
    await init({ spanProcessors: [keeper] });
    const tracer = trace.getTracer("test");
    await tracer.startActiveSpan("parent", async (parent) => {
      await turn();
      tracer.startSpan("child").end();
      parent.end();
    });
    const [child, parent] = keeper.spans;
    assert.equal(child!.parentSpanContext!.spanId, parent!.spanContext().spanId);
  });
});

describe("the propagator", () => {
  const traceparent = `00-${TRACE_ID}-${SPAN_ID}-01`;
  const spanContextIn = (carrier: Record<string, unknown>) =>
    trace.getSpanContext(propagation.extract(ROOT_CONTEXT, carrier));

  it("writes what it reads", async () => {
    await init();
    const carrier = { traceparent, tracestate: "a=b,c=d" };
    const read = propagation.extract(ROOT_CONTEXT, carrier);
    assert.equal(trace.getSpanContext(read)!.isRemote, true);
    const written = {};
    propagation.inject(read, written);
    assert.deepEqual(written, carrier);
    assert.deepEqual(propagation.fields(), ["traceparent", "tracestate"]);
  });

  it("joins several tracestate headers, and takes several traceparent headers for none", async () => {
    await init();
    const joined = spanContextIn({ traceparent: [traceparent], tracestate: ["a=b", "c=d"] });
    assert.equal(joined!.traceState!.serialize(), "a=b,c=d");
    assert.equal(spanContextIn({ traceparent: [traceparent, traceparent] }), undefined);
    assert.equal(spanContextIn({ traceparent: "garbage" }), undefined);
    assert.equal(spanContextIn({}), undefined);
  });

  it("writes nothing where there is no span", async () => {
    await init();
    const written = {};
    propagation.inject(ROOT_CONTEXT, written);
    assert.deepEqual(written, {});
  });
});

describe("a second initTracing", () => {
  it("changes nothing and says so; its flush reaches the first one's spans", async () => {
    const { endpoint, ...collector } = await openCollector();
    const first = await initTracing({ env: {}, otlpEndpoint: endpoint });
    const unused = newKeeper();
    let second: Tracing | undefined;
    const warnings = await warningsOf(async () => {
      second = await initTracing({ env: {}, spanProcessors: [unused] });
    });
    assert.deepEqual(warnings, [
      "initTracing changed nothing: a tracer provider is registered already, and that one is used",
    ]);
    record("one");
    await second!.forceFlush();
    assert.equal((await collector.spans()).length, 1);
    assert.equal(unused.spans.length, 0);
    await second!.shutdown();
    assert.ok(trace.getTracer("test").startSpan("still traced").isRecording());
    await first.shutdown();
  });

  it("works after the first was shut down, however often that is asked for", async () => {
    const first = await initTracing({ env: {} });
    await Promise.all([first.shutdown(), first.shutdown()]);
    assert.equal(choosesRoots(), false);
    assert.equal(trace.getTracer("test").startSpan("untraced").isRecording(), false);
    const keeper = newKeeper();
    assert.deepEqual(await warningsOf(() => init({ spanProcessors: [keeper] })), []);
    await first.shutdown();
    record("one");
    assert.equal(keeper.spans.length, 1);
  });
});

describe("the environment", () => {
  it("that says OTEL_SDK_DISABLED=true leaves only propagation", async () => {
    await init({ env: { OTEL_SDK_DISABLED: "TRUE" } });
    assert.equal(trace.getTracer("test").startSpan("untraced").isRecording(), false);
    assert.equal(choosesRoots(), false);
    assert.deepEqual(propagation.fields(), ["traceparent", "tracestate"]);
    await tracing!.shutdown();
    assert.deepEqual(propagation.fields(), []);
  });

  it("that holds empty variables is as good as none", async () => {
    const env = { OTEL_SDK_DISABLED: "1", OTEL_SERVICE_NAME: "", OTEL_EXPORTER_OTLP_ENDPOINT: " " };
    assert.deepEqual(await resourceOf({ env }), { "service.name": "hammerwork" });
  });

  it("that may not be read is as good as none", async () => {
    const env = new Proxy({}, {
      get: () => {
        throw new Error("NotCapable");
      },
    });
    assert.deepEqual(await resourceOf({ env }), { "service.name": "hammerwork" });
  });
});
