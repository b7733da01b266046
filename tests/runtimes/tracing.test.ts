import { context, createContextKey, propagation, ROOT_CONTEXT, trace } from "@opentelemetry/api";
import assert from "node:assert/strict";
import { afterEach, describe, it } from "node:test";
import { JobQueue, memory } from "../../mod.ts";
import {
  isOwnProviderRegistered,
  startWithRootTraceId,
  takeRootTraceId,
} from "../../src/trace/root_trace_id.ts";
import { initTracing, type Tracing, type TracingOptions } from "../../src/tracing.ts";
import { version } from "../../src/version.ts";
import { openCollector } from "./collector.ts";
import {
  endTracing,
  init as initTracingOnce,
  newSpanRecorder,
  record,
  serviceIn,
  warningsOf,
} from "./init_tracing.ts";

const TRACE_ID = "0af7651916cd43dd8448eb211c80319c";
const SPAN_ID = "b7ad6b7169203331";

let tracing: Tracing | undefined;

async function init(options: TracingOptions = {}): Promise<Tracing> {
  return tracing = await initTracingOnce(options);
}

afterEach(endTracing);

async function resourceOf(options: TracingOptions): Promise<Record<string, unknown>> {
  const keeper = newSpanRecorder();
  await init({ ...options, spanProcessors: [keeper] });
  record("one");
  await tracing!.shutdown();
  return { ...keeper.spans[0]!.resource.attributes };
}

async function serviceOf(options: TracingOptions): Promise<Record<string, unknown>> {
  return serviceIn(await resourceOf(options));
}

describe("initTracing exports", () => {
  it("to the endpoint and with the headers of its options", async () => {
    const { endpoint, ...collector } = await openCollector();
    await init({ serviceName: "shop", otlpEndpoint: endpoint, otlpHeaders: { "x-key": "abc" } });
    const { traceId } = record("one");
    await tracing!.forceFlush();
    const [span] = await collector.spans();
    assert.equal(span!.traceId, traceId);
    assert.deepEqual(serviceIn(span!.resource), { "service.name": "shop" });
    const [request] = await collector.received();
    assert.equal(request!.headers["x-key"], "abc");
    assert.equal(request!.headers["user-agent"], `hammerwork/${version}`);
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
    let [asked, answered] = [0, 0];
    globalThis.fetch = (async () => {
      asked++;
      await new Promise((resolve) => setTimeout(resolve, 10));
      answered++;
      return new Response("{}");
    }) as typeof fetch;
    try {
      await init({ otlpEndpoint: "http://unused.example" });
      // A full batch leaves without waiting for more.
      for (let i = 0; i < 512; i++) record(`span ${i}`);
      while (asked === 0) await new Promise((resolve) => setTimeout(resolve, 1));
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
    const keeper = newSpanRecorder();
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
    const keeper = newSpanRecorder();
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

  it("is counted", async () => {
    await warningsOf(async () => {
      await init({ otlpEndpoint: "http://127.0.0.1:49151", exportTimeoutMs: 60 });
      assert.equal(tracing!.droppedSpans, 0);
      for (let i = 0; i < 3; i++) record("one");
      await tracing!.forceFlush();
      assert.equal(tracing!.droppedSpans, 3);
      record("two");
      await tracing!.shutdown();
      assert.equal(tracing!.droppedSpans, 4);
    });
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

it("a job's spans say which version made them, and by which conventions", async () => {
  const keeper = newSpanRecorder();
  await init({ spanProcessors: [keeper] });
  await new JobQueue({ store: memory() }).enqueue("email_queue", {});
  const { name, version: ofScope, schemaUrl } = keeper.spans[0]!.instrumentationScope;
  assert.deepEqual([name, ofScope, schemaUrl], [
    "hammerwork",
    version,
    "https://opentelemetry.io/schemas/1.44.0",
  ]);
});

describe("the service is described", () => {
  it("by a default name where nothing is said", async () => {
    assert.deepEqual(await serviceOf({}), { "service.name": "hammerwork" });
  });

  it("by the options", async () => {
    const options = {
      serviceName: "shop",
      serviceVersion: "1.2.3",
      environment: "production",
      resourceAttributes: { "host.name": "one", "service.name": "weaker" },
    };
    assert.deepEqual(await serviceOf(options), {
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
    assert.deepEqual(await serviceOf({ env, serviceVersion: "2" }), {
      "service.name": "shop",
      "service.version": "2",
      "team": "a,b",
    });
  });

  it("with the SDK that made its spans and an id of this instance, which may be given", async () => {
    const first = await resourceOf({});
    assert.equal(first["telemetry.sdk.name"], "opentelemetry");
    assert.match(String(first["telemetry.sdk.language"]), /^(nodejs|webjs)$/);
    assert.match(String(first["telemetry.sdk.version"]), /^[23]\.\d+\.\d+$/);
    const [one, other] = [first, await resourceOf({})].map((of) => of["service.instance.id"]);
    assert.match(String(one), /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
    assert.notEqual(one, other);
    const env = { OTEL_RESOURCE_ATTRIBUTES: "service.instance.id=pod-7" };
    assert.equal((await resourceOf({ env }))["service.instance.id"], "pod-7");
  });

  it("without a list that cannot be read, which is warned of without its values", async () => {
    for (const list of ["team=blue,secret", "team=%zz", "=blue"]) {
      const env = { OTEL_RESOURCE_ATTRIBUTES: list };
      const warnings = await warningsOf(async () => {
        assert.deepEqual(await serviceOf({ env }), { "service.name": "hammerwork" });
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
    await assert.rejects(init({ otlpEndpoint: "https://trace.agent.datadoghq.com:4318" }), {
      message: /^otlpEndpoint must be http:\/\/localhost:4318 \(a Datadog agent/,
    });
  });

  it("an export timeout that is none", async () => {
    for (const exportTimeoutMs of [0, -1, NaN, 2 ** 31]) {
      await assert.rejects(init({ exportTimeoutMs }), RangeError);
    }
  });

  it("an option of a wrong kind", async () => {
    const sentences = {
      serviceName: [7, "serviceName must be a string: got number"],
      serviceVersion: [null, "serviceVersion must be a string: got object"],
      environment: [true, "environment must be a string: got boolean"],
      otlpEndpoint: [new URL("http://localhost:4318"), "otlpEndpoint must be a string: got object"],
      consoleExporter: ["yes", "consoleExporter must be true or false: got yes"],
      compression: ["br", 'compression must be "gzip" or "none": got br'],
      otlpHeaders: ["a=b", "otlpHeaders must be an object: got string"],
      resourceAttributes: [null, "resourceAttributes must be an object: got null"],
      env: ["A=b", "env must be an object: got string"],
    };
    for (const [name, [value, message]] of Object.entries(sentences)) {
      await assert.rejects(init({ [name]: value }), { message });
    }
  });

  it("a header that cannot be sent, without its value", async () => {
    const otlpHeaders = { "x-key": "s3cr3t\nkey" };
    await assert.rejects(init({ otlpHeaders }), {
      name: "TypeError",
      message: "A header must have a name and a value HTTP can send: got x-key",
    });
  });

  it("and has registered nothing then", async () => {
    await assert.rejects(init({ samplingRatio: 2 }));
    assert.deepEqual(await warningsOf(() => init()), []);
  });
});

describe("startWithRootTraceId", () => {
  it("makes one real root with exactly that trace id, and the next one with another", async () => {
    const keeper = newSpanRecorder();
    await init({ spanProcessors: [keeper] });
    assert.equal(isOwnProviderRegistered(), true);
    assert.equal(startWithRootTraceId(TRACE_ID, () => record("chosen")).traceId, TRACE_ID);
    assert.equal(keeper.spans[0]!.parentSpanContext, undefined);
    assert.notEqual(record("next").traceId, TRACE_ID);
  });

  it("leaves no choice behind when the span had a parent, or when it failed", () => {
    startWithRootTraceId(TRACE_ID, () => {});
    assert.equal(takeRootTraceId(), undefined);
    assert.throws(() =>
      startWithRootTraceId(TRACE_ID, () => {
        throw new Error("no span");
      })
    );
    assert.equal(takeRootTraceId(), undefined);
  });

  it("gives its choice once", () => {
    const taken = startWithRootTraceId(TRACE_ID, () => [takeRootTraceId(), takeRootTraceId()]);
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
    const keeper = newSpanRecorder();
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
    const unused = newSpanRecorder();
    let second: Tracing | undefined;
    const warnings = await warningsOf(async () => {
      second = await initTracing({ env: {}, spanProcessors: [unused] });
    });
    assert.deepEqual(warnings, [
      "initTracing changed nothing: it was called before, and the first call's tracing is used " +
      "until its shutdown",
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
    assert.equal(isOwnProviderRegistered(), false);
    assert.equal(trace.getTracer("test").startSpan("untraced").isRecording(), false);
    const keeper = newSpanRecorder();
    assert.deepEqual(await warningsOf(() => init({ spanProcessors: [keeper] })), []);
    await first.shutdown();
    record("one");
    assert.equal(keeper.spans.length, 1);
  });
});
