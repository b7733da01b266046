import { propagation, trace } from "@opentelemetry/api";
import assert from "node:assert/strict";
import { afterEach, describe, it } from "node:test";
import { isOwnProviderRegistered } from "../../src/trace/root_trace_id.ts";
import type { TracingOptions } from "../../src/tracing.ts";
import { openCollector } from "./collector.ts";
import { endTracing, init, newSpanRecorder, record, warningsOf } from "./init_tracing.ts";

afterEach(endTracing);

/** The requests that come of one span, and what is warned of meanwhile. */
async function exportWith(options: TracingOptions, env: Record<string, string> = {}) {
  const { endpoint, ...collector } = await openCollector();
  const warnings = await warningsOf(async () => {
    const tracing = await init({
      ...options,
      env: { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, ...env },
    });
    record("one");
    await tracing.shutdown();
  });
  return { requests: await collector.received(), warnings };
}

async function serviceIn(env: object): Promise<unknown> {
  const keeper = newSpanRecorder();
  const tracing = await init({ env, spanProcessors: [keeper] });
  record("one");
  await tracing.shutdown();
  return keeper.spans[0]!.resource.attributes["service.name"];
}

describe("the headers", () => {
  it("for traces come in place of those for everything, and options beside them", async () => {
    const env = {
      OTEL_EXPORTER_OTLP_HEADERS: "x-all=1,x-key=all",
      OTEL_EXPORTER_OTLP_TRACES_HEADERS: "x-traces=2,x-key=traces",
    };
    const { requests } = await exportWith(
      { otlpHeaders: { "x-key": "option", "x-own": "3" } },
      env,
    );
    const { headers } = requests[0]!;
    const got = ["x-all", "x-traces", "x-key", "x-own"].map((name) => headers[name]);
    assert.deepEqual(got, [undefined, "2", "option", "3"]);
  });

  it("that cannot be sent are ignored, with a warning that keeps the secret", async () => {
    for (const list of ["x-key=s3cr3t%0Akey", "s3cr3t", "x key=s3cr3t", "x-key=%zzs3cr3t"]) {
      const env = { OTEL_EXPORTER_OTLP_HEADERS: list };
      const { requests, warnings } = await exportWith({}, env);
      assert.equal(requests.length, 1);
      assert.deepEqual(warnings, [
        "OTEL_EXPORTER_OTLP_HEADERS must be a list of percent-encoded key=value pairs: it is ignored",
      ]);
    }
  });

  it("carry Datadog's key to where it is wanted", async () => {
    const { requests } = await exportWith({ otlpHeaders: { "dd-api-key": "abc" } });
    assert.equal(requests[0]!.headers["dd-api-key"], "abc");
    assert.equal(requests[0]!.path, "/v1/traces");
  });
});

describe("the compression", () => {
  const encodingOf = async (options: TracingOptions, env: Record<string, string>) => {
    const { requests, warnings } = await exportWith(options, env);
    return [requests[0]!.headers["content-encoding"], ...warnings];
  };

  it("is none by default, and what the option says, else the variables, those for traces first", async () => {
    const general = { OTEL_EXPORTER_OTLP_COMPRESSION: "gzip" };
    const forTraces = { OTEL_EXPORTER_OTLP_TRACES_COMPRESSION: "none" };
    assert.deepEqual(await encodingOf({}, {}), [undefined]);
    assert.deepEqual(await encodingOf({}, general), ["gzip"]);
    assert.deepEqual(await encodingOf({}, { ...general, ...forTraces }), [undefined]);
    assert.deepEqual(await encodingOf({ compression: "gzip" }, forTraces), ["gzip"]);
    assert.deepEqual(await encodingOf({ compression: "none" }, general), [undefined]);
  });

  it("that is not known is none, with a warning", async () => {
    assert.deepEqual(await encodingOf({}, { OTEL_EXPORTER_OTLP_COMPRESSION: "brotli" }), [
      undefined,
      "OTEL_EXPORTER_OTLP_COMPRESSION must be gzip or none: it is ignored",
    ]);
  });
});

describe("the timeout", () => {
  const timeoutIn = async (options: TracingOptions, env: Record<string, string>) => {
    const { endpoint, answerWith } = await openCollector();
    await answerWith({ hang: true });
    const [warning] = await warningsOf(async () => {
      const base = { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint };
      const tracing = await init({ ...options, env: { ...base, ...env } });
      record("one");
      await tracing.shutdown();
    });
    return Number(/did not answer within (\d+) ms$/.exec(warning!)?.[1]);
  };

  it("is what the option says, else the variables, those for traces first", async () => {
    const general = { OTEL_EXPORTER_OTLP_TIMEOUT: "40" };
    const forTraces = { OTEL_EXPORTER_OTLP_TRACES_TIMEOUT: "30" };
    assert.equal(await timeoutIn({}, general), 40);
    assert.equal(await timeoutIn({}, { ...general, ...forTraces }), 30);
    assert.equal(await timeoutIn({ exportTimeoutMs: 20 }, { ...general, ...forTraces }), 20);
  });

  it("that is none is ignored with a warning", async () => {
    for (const value of ["0", "-1", "10s", "1.5", "9999999999"]) {
      const { requests, warnings } = await exportWith({}, { OTEL_EXPORTER_OTLP_TIMEOUT: value });
      assert.equal(requests.length, 1);
      assert.deepEqual(warnings, [
        "OTEL_EXPORTER_OTLP_TIMEOUT must be a whole number from 1 to 2147483647: it is ignored",
      ]);
    }
  });
});

describe("the protocol", () => {
  it("other than JSON over HTTP is ignored, in one sentence", async () => {
    for (const protocol of ["http/protobuf", "grpc"]) {
      const env = { OTEL_EXPORTER_OTLP_PROTOCOL: protocol };
      const { requests, warnings } = await exportWith({}, env);
      assert.equal(requests[0]!.headers["content-type"], "application/json");
      assert.deepEqual(warnings, [
        "OTEL_EXPORTER_OTLP_PROTOCOL is ignored: initTracing sends OTLP as JSON over HTTP (http/json)",
      ]);
    }
  });

  it("that is spoken, that is not said, or that is of no use without an endpoint, is no matter", async () => {
    const env = {
      OTEL_EXPORTER_OTLP_PROTOCOL: "grpc",
      OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: "http/json",
    };
    assert.deepEqual((await exportWith({}, env)).warnings, []);
    assert.deepEqual(
      await warningsOf(async () => {
        await init({ env: { OTEL_EXPORTER_OTLP_PROTOCOL: "grpc" } });
      }),
      [],
    );
  });
});

it("the limits of a batch are the variables'", async () => {
  const env = { OTEL_BSP_MAX_EXPORT_BATCH_SIZE: "2", OTEL_BSP_MAX_QUEUE_SIZE: "5" };
  const { endpoint, ...collector } = await openCollector();
  await warningsOf(async () => {
    const tracing = await init({ env, otlpEndpoint: endpoint });
    // What has no place in the queue is sent at once, but no more than 64 batches in one turn.
    for (let i = 0; i < 64 * 2 + 5 + 3; i++) record(`span ${i}`);
    await tracing.shutdown();
    assert.equal(tracing.droppedSpans, 3);
  });
  const sizes = (await collector.received()).map(({ body }) => body.match(/"spanId"/g)!.length);
  assert.deepEqual(sizes.sort(), [1, ...Array.from({ length: 66 }, () => 2)]);
});

describe("the environment", () => {
  it("that says OTEL_SDK_DISABLED=true leaves only propagation", async () => {
    const tracing = await init({ env: { OTEL_SDK_DISABLED: "TRUE" } });
    assert.equal(trace.getTracer("test").startSpan("untraced").isRecording(), false);
    assert.equal(isOwnProviderRegistered(), false);
    assert.deepEqual(propagation.fields(), ["traceparent", "tracestate"]);
    await tracing.shutdown();
    assert.deepEqual(propagation.fields(), []);
  });

  it("that holds empty variables is as good as none", async () => {
    const env = {
      OTEL_SDK_DISABLED: "1",
      OTEL_SERVICE_NAME: "",
      OTEL_EXPORTER_OTLP_ENDPOINT: " ",
      OTEL_TRACES_SAMPLER: "",
    };
    assert.deepEqual(
      await warningsOf(async () => {
        assert.equal(await serviceIn(env), "hammerwork");
      }),
      [],
    );
  });

  it("that may not be read is as good as none", async () => {
    const env = new Proxy({}, {
      get: () => {
        throw new Error("NotCapable");
      },
    });
    assert.equal(await serviceIn(env), "hammerwork");
  });

  it("may be a worker's bindings, of which only text is read", async () => {
    interface Bindings {
      OTEL_SERVICE_NAME: string;
      OTEL_EXPORTER_OTLP_ENDPOINT: { fetch(): void };
      OTEL_EXPORTER_OTLP_TIMEOUT: number;
    }
    const bindings: Bindings = {
      OTEL_SERVICE_NAME: "shop",
      OTEL_EXPORTER_OTLP_ENDPOINT: { fetch: () => {} },
      OTEL_EXPORTER_OTLP_TIMEOUT: 7,
    };
    assert.equal(await serviceIn(bindings), "shop");
  });
});
