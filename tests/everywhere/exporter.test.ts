import { SpanKind, SpanStatusCode } from "@opentelemetry/api";
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { exactTracesUrl, tracesUrlFrom } from "../../src/otlp/endpoint.ts";
import {
  type ExportResult,
  FetchSpanExporter,
  type FetchSpanExporterOptions,
} from "../../src/otlp/exporter.ts";
import type { ReadableSpan } from "../../src/otlp/readable_span.ts";
import { openCollector } from "./collector.ts";

function spanNamed(name: string): ReadableSpan {
  return {
    name,
    kind: SpanKind.INTERNAL,
    spanContext: () => ({ traceId: "a".repeat(32), spanId: "b".repeat(16), traceFlags: 1 }),
    startTime: [1_700_000_000, 0],
    endTime: [1_700_000_001, 0],
    status: { code: SpanStatusCode.UNSET },
    attributes: {},
    links: [],
    events: [],
    resource: { attributes: {} },
    instrumentationScope: { name: "test" },
    droppedAttributesCount: 0,
    droppedEventsCount: 0,
    droppedLinksCount: 0,
  };
}

/** An exporter that tries again soon, with everything it reports. */
function newExporter(options: Partial<FetchSpanExporterOptions> & { endpoint?: string }) {
  const reports: string[] = [];
  const exporter = new FetchSpanExporter({
    url: `${options.endpoint}/v1/traces`,
    timeoutMs: 2_000,
    retryDelayMs: 2,
    onError: (sentence) => reports.push(sentence),
    ...options,
  });
  return { exporter, reports };
}

/** Exports and waits; the exporter's own timers keep no process alive. */
async function exported(exporter: FetchSpanExporter, ...spans: ReadableSpan[]) {
  const alive = setInterval(() => {}, 1_000);
  try {
    return await new Promise<ExportResult>((resolve) => exporter.export(spans, resolve));
  } finally {
    clearInterval(alive);
  }
}

// Nothing listens there, and fetch does not refuse it by itself as it does with low ports.
const CLOSED = "http://127.0.0.1:49151/v1/traces";

describe("an export", () => {
  it("posts JSON with the headers it was given", async () => {
    const collector = await openCollector();
    const { exporter, reports } = newExporter({
      ...collector,
      headers: { "x-api-key": "abc", "Content-Type": "text/plain" },
    });
    assert.deepEqual(await exported(exporter, spanNamed("one")), { code: 0 });
    const [request] = await collector.received();
    assert.equal(request!.path, "/v1/traces");
    assert.equal(request!.headers["content-type"], "application/json");
    assert.equal(request!.headers["x-api-key"], "abc");
    assert.deepEqual((await collector.spans()).map(({ name }) => name), ["one"]);
    assert.deepEqual(reports, []);
  });

  it("is repeated as it was after 429, 502, 503 and 504", async () => {
    const collector = await openCollector();
    await collector.answerWith(...[429, 502, 503, 504].map((status) => ({ status })));
    const { exporter } = newExporter(collector);
    assert.equal((await exported(exporter, spanNamed("one"))).code, 0);
    const bodies = (await collector.received()).map(({ body }) => body);
    assert.equal(bodies.length, 5);
    assert.equal(new Set(bodies).size, 1);
  });

  it("waits as long as Retry-After says", async () => {
    const collector = await openCollector();
    await collector.answerWith({ status: 503, headers: { "retry-after": "1" } });
    const { exporter } = newExporter(collector);
    const startedMs = performance.now();
    assert.equal((await exported(exporter, spanNamed("one"))).code, 0);
    assert.ok(performance.now() - startedMs >= 990);
  });

  it("goes on at once after a Retry-After of zero, or of a date that has passed", async () => {
    const collector = await openCollector();
    await collector.answerWith(
      { status: 503, headers: { "retry-after": "0" } },
      { status: 429, headers: { "retry-after": "Wed, 21 Oct 2015 07:28:00 GMT" } },
      { status: 429, headers: { "retry-after": "soon" } },
    );
    const { exporter } = newExporter({ ...collector, timeoutMs: 4_000 });
    assert.equal((await exported(exporter, spanNamed("one"))).code, 0);
    assert.equal((await collector.received()).length, 4);
  });

  it("gives up at once when Retry-After is beyond its deadline", async () => {
    const collector = await openCollector();
    const inAnHour = new Date(Date.now() + 3_600_000).toUTCString();
    for (const retryAfter of ["3600", inAnHour]) {
      await collector.answerWith({ status: 503, headers: { "retry-after": retryAfter } });
      const { exporter } = newExporter(collector);
      const { code, error } = await exported(exporter, spanNamed("one"));
      assert.equal(code, 1);
      assert.match(error!.message, /answered 503, and no time was left to try again$/);
    }
    assert.equal((await collector.received()).length, 2);
  });

  it("is not repeated after any other status, and says what the collector said", async () => {
    for (const status of [400, 401, 404, 413, 500, 501]) {
      const collector = await openCollector();
      await collector.answerWith({ status, body: '{"message":"no such tenant"}' });
      const { exporter, reports } = newExporter(collector);
      const { code, error } = await exported(exporter, spanNamed("one"));
      const sentence = `The collector at ${collector.endpoint}/v1/traces answered ${status}: ` +
        "no such tenant";
      assert.equal(code, 1);
      assert.equal(error!.message, sentence);
      assert.deepEqual(reports, [`Spans were lost (1): ${sentence}`]);
      assert.equal((await collector.received()).length, 1);
    }
  });

  it("does not follow a redirect, which would carry its headers elsewhere", async () => {
    const [collector, other] = [await openCollector(), await openCollector()];
    const location = `${other.endpoint}/v1/traces`;
    await collector.answerWith({ status: 307, headers: { location } });
    const { exporter } = newExporter(collector);
    assert.equal((await exported(exporter, spanNamed("one"))).code, 1);
    assert.deepEqual(await other.received(), []);
  });

  it("is tried again until its deadline when the connection is refused", async () => {
    const { exporter } = newExporter({ url: CLOSED, timeoutMs: 100, retryDelayMs: 10 });
    const realFetch = globalThis.fetch;
    let tries = 0;
    globalThis.fetch = ((...args: Parameters<typeof fetch>) => {
      tries++;
      return realFetch(...args);
    }) as typeof fetch;
    try {
      const { code, error } = await exported(exporter, spanNamed("one"));
      assert.equal(code, 1);
      assert.match(error!.message, /could not be reached|did not answer/);
      assert.ok(tries > 1);
    } finally {
      globalThis.fetch = realFetch;
    }
  });

  it("ends at its deadline when the collector never answers", async () => {
    const collector = await openCollector();
    await collector.answerWith({ hang: true });
    const { exporter } = newExporter({ ...collector, timeoutMs: 60 });
    const { code, error } = await exported(exporter, spanNamed("one"));
    assert.equal(code, 1);
    assert.match(error!.message, /did not answer within 60 ms$/);
  });

  it("is a success with any body of a 200, also garbage", async () => {
    const collector = await openCollector();
    const bodies = ["", "<html>", "[]", "null", "7", '{"partialSuccess":null}', "x".repeat(99_999)];
    await collector.answerWith(...bodies.map((body) => ({ body })));
    const { exporter, reports } = newExporter(collector);
    for (const _ of bodies) assert.equal((await exported(exporter, spanNamed("one"))).code, 0);
    assert.deepEqual(reports, []);
  });

  it("is not repeated after a partial success, which is reported once", async () => {
    const collector = await openCollector();
    const body = '{"partialSuccess":{"rejectedSpans":"1","errorMessage":"too old"}}';
    await collector.answerWith({ body }, { body });
    const { exporter, reports } = newExporter(collector);
    assert.equal((await exported(exporter, spanNamed("one"))).code, 0);
    assert.equal((await exported(exporter, spanNamed("two"))).code, 0);
    assert.deepEqual(reports, ["The collector rejected spans (1): too old"]);
    assert.equal((await collector.received()).length, 2);
  });

  it("reports an outage once, and the next one again", async () => {
    const collector = await openCollector();
    const [bad, good] = [{ status: 400 }, { status: 200 }];
    await collector.answerWith(bad, bad, good, bad);
    const { exporter, reports } = newExporter(collector);
    for (let i = 0; i < 4; i++) await exported(exporter, spanNamed("one"));
    assert.equal(reports.length, 2);
  });

  it("never shows a header's value, not even when the collector repeats it", async () => {
    const collector = await openCollector();
    await collector.answerWith({
      status: 401,
      body: "unknown key s3cr3t-key of Bearer s3cr3t-key",
    });
    const { exporter, reports } = newExporter({
      ...collector,
      headers: { authorization: "Bearer s3cr3t-key" },
    });
    const { error } = await exported(exporter, spanNamed("one"));
    assert.match(error!.message, /answered 401: unknown key … of …$/);
    assert.doesNotMatch(reports.join(), /s3cr3t/);
    assert.throws(
      () => newExporter({ ...collector, headers: { "x-key": "s3cr3t\nkey" } }),
      (error: Error) => error instanceof TypeError && !error.message.includes("s3cr3t"),
    );
  });

  it("keeps its result when the one it reports to fails", async () => {
    const { exporter } = newExporter({
      url: CLOSED,
      timeoutMs: 30,
      onError: () => {
        throw new Error("no logger");
      },
    });
    assert.equal((await exported(exporter, spanNamed("one"))).code, 1);
  });
});

describe("many exports at once", () => {
  it("lose nothing", async () => {
    const collector = await openCollector();
    const { exporter } = newExporter({ ...collector, timeoutMs: 4_000 });
    const names = Array.from({ length: 40 }, (_, i) => `span ${i}`);
    const results = await Promise.all(names.map((name) => exported(exporter, spanNamed(name))));
    assert.ok(results.every(({ code }) => code === 0));
    const arrived = (await collector.spans()).map(({ name }) => name);
    assert.deepEqual(arrived.sort(), names.sort());
  });

  it("open no more than six connections", async () => {
    const realFetch = globalThis.fetch;
    let [open, most] = [0, 0];
    globalThis.fetch = (async () => {
      most = Math.max(most, ++open);
      await new Promise((resolve) => setTimeout(resolve, 5));
      open--;
      return new Response("{}");
    }) as typeof fetch;
    try {
      const { exporter } = newExporter({ url: CLOSED });
      await Promise.all(Array.from({ length: 20 }, () => exported(exporter, spanNamed("one"))));
      assert.equal(most, 6);
    } finally {
      globalThis.fetch = realFetch;
    }
  });

  it("all end at their deadline when the collector never answers", async () => {
    const collector = await openCollector();
    await collector.answerWith(...Array.from({ length: 6 }, () => ({ hang: true })));
    const { exporter } = newExporter({ ...collector, timeoutMs: 80 });
    const all = Array.from({ length: 9 }, () => exported(exporter, spanNamed("one")));
    assert.deepEqual((await Promise.all(all)).map(({ code }) => code), Array(9).fill(1));
  });
});

it("forceFlush and shutdown wait for what is on its way, and then nothing is taken", async () => {
  const collector = await openCollector();
  await collector.answerWith({ delayMs: 20 }, { delayMs: 20 });
  const { exporter } = newExporter(collector);
  let done = 0;
  exporter.export([spanNamed("one")], () => done++);
  await exporter.forceFlush();
  assert.equal(done, 1);
  exporter.export([spanNamed("two")], () => done++);
  await exporter.shutdown();
  assert.equal(done, 2);
  const { code, error } = await exported(exporter, spanNamed("three"));
  assert.equal(code, 1);
  assert.equal(error!.message, "The span exporter is shut down");
});

describe("an endpoint", () => {
  it("that is a base gets /v1/traces", () => {
    const expected = {
      "http://localhost:4318": "http://localhost:4318/v1/traces",
      "http://localhost:4318/": "http://localhost:4318/v1/traces",
      "https://otel.example/otlp": "https://otel.example/otlp/v1/traces",
      "https://otel.example/otlp//": "https://otel.example/otlp/v1/traces",
      "https://otel.example/otlp?tenant=7": "https://otel.example/otlp/v1/traces?tenant=7",
      "http://localhost:4318/v1/traces": "http://localhost:4318/v1/traces",
      "http://localhost:4318/v1/traces/": "http://localhost:4318/v1/traces",
      "http://[::1]:4318": "http://[::1]:4318/v1/traces",
    };
    for (const [endpoint, url] of Object.entries(expected)) {
      assert.equal(tracesUrlFrom(endpoint, "otlpEndpoint"), url);
    }
  });

  it("for traces alone is taken as it is", () => {
    assert.equal(
      exactTracesUrl("http://localhost:4318/intake", "X"),
      "http://localhost:4318/intake",
    );
    assert.equal(exactTracesUrl("http://localhost:4318", "X"), "http://localhost:4318/");
  });

  it("that can never work is refused with the form that works", () => {
    const sentences = {
      "http://jaeger:4317": "otlpEndpoint must be an OTLP/HTTP address such as " +
        'http://jaeger:4318: got "http://jaeger:4317", and 4317 is the port of OTLP/gRPC, ' +
        "which fetch cannot speak",
      "http://zipkin:9411/api/v2/spans": "otlpEndpoint must be an OTLP address such as " +
        "http://zipkin:9411/v1/traces (Zipkin with its OpenTelemetry module): got " +
        '"http://zipkin:9411/api/v2/spans", which takes Zipkin\'s own JSON only',
      "localhost:4318": "otlpEndpoint must be an http or https URL such as " +
        'http://localhost:4318: got "localhost:4318"',
      "": 'otlpEndpoint must be an http or https URL such as http://localhost:4318: got ""',
      "grpc://jaeger:4317": "otlpEndpoint must be an http or https URL such as " +
        'http://localhost:4318: got "grpc://jaeger:4317"',
      "http://me:secret@otel.example?key=secret": "otlpEndpoint must hold no user or password, " +
        'send them as a header: got "http://…@otel.example?…"',
    };
    for (const [endpoint, message] of Object.entries(sentences)) {
      assert.throws(() => tracesUrlFrom(endpoint, "otlpEndpoint"), { name: "RangeError", message });
    }
  });
});
