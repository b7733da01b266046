import { SpanKind, SpanStatusCode, trace } from "@opentelemetry/api";
import fc from "fast-check";
import assert from "node:assert/strict";
import { afterEach, describe, it } from "node:test";
import type { ReadableSpan } from "../../src/tracing/export/readable_span.ts";
import { encodeZipkinSpans } from "../../src/tracing/export/zipkin/protocol.ts";
import { zipkinViolations, zipkinViolationsAtAnyTime } from "../zipkin_api.ts";
import { openCollector } from "./collector.ts";
import { hostileBatch } from "./generated_spans.ts";
import { endTracing, init, record, warningsOf } from "./init_tracing.ts";
import { spanNamed } from "./span_fixtures.ts";

afterEach(endTracing);

/** What becomes of one span; it must be what Zipkin takes. */
function encoded(more: Partial<ReadableSpan>): Record<string, unknown> {
  const json = encodeZipkinSpans([spanNamed("process email_queue", more)]);
  assert.deepEqual(zipkinViolations(json), []);
  return JSON.parse(json)[0];
}

describe("a span for Zipkin", () => {
  it("has its ids, its times in microseconds and its service, and nothing that is empty", () => {
    assert.deepEqual(encoded({ resource: { attributes: { "service.name": "shop" } } }), {
      traceId: "a".repeat(32),
      id: "b".repeat(16),
      name: "process email_queue",
      timestamp: 1_700_000_000_000_000,
      duration: 1_000_000,
      localEndpoint: { serviceName: "shop" },
      tags: { "otel.scope.name": "test" },
    });
    const bare = encoded({ name: "", instrumentationScope: { name: "" } });
    assert.equal("name" in bare || "tags" in bare || "annotations" in bare, false);
    assert.deepEqual(bare.localEndpoint, { serviceName: "unknown_service" });
  });

  it("has its parent and its kind, unless it is internal", () => {
    const parentSpanContext = { traceId: "a".repeat(32), spanId: "c".repeat(16), traceFlags: 1 };
    assert.equal(encoded({ parentSpanContext }).parentId, "c".repeat(16));
    const kinds = Object.entries({ ...SpanKind }).filter(([, kind]) => typeof kind === "number");
    for (const [name, kind] of kinds) {
      const expected = name === "INTERNAL" ? undefined : name;
      assert.equal(encoded({ kind: kind as SpanKind }).kind, expected);
    }
  });

  it("is cut to whole microseconds, and lasts one at least", () => {
    const lasting = (nanos: number) =>
      encoded({ startTime: [1_700_000_000, 999], endTime: [1_700_000_000, 999 + nanos] }).duration;
    assert.deepEqual([0, 1, 1_234, 2_500, 1_000_000].map(lasting), [1, 1, 2, 3, 1_000]);
    const { timestamp } = encoded({
      startTime: [1_700_000_000, 1_999],
      endTime: [1_700_000_001, 0],
    });
    assert.equal(timestamp, 1_700_000_000_000_001);
  });

  it("has its attributes and its service's as text, its own before the service's", () => {
    const { tags } = encoded({
      attributes: {
        text: "ü",
        whole: 7,
        part: 0.5,
        yes: true,
        list: ["a", 1],
        gone: undefined,
        a: 1,
      },
      resource: { attributes: { "service.name": "shop", "service.version": "2", a: 0 } },
      instrumentationScope: { name: "hammerwork", version: "0.1.0" },
    });
    assert.deepEqual(tags, {
      "service.version": "2",
      text: "ü",
      whole: "7",
      part: "0.5",
      yes: "true",
      list: '["a",1]',
      a: "1",
      "otel.scope.name": "hammerwork",
      "otel.scope.version": "0.1.0",
    });
  });

  it("has its status as tags, but none that was not set, and no error that is none", () => {
    const tagsWith = (status: ReadableSpan["status"], attributes = {}) => {
      const { "otel.scope.name": _, ...tags } = encoded({ status, attributes }).tags as object & {
        "otel.scope.name": string;
      };
      return tags;
    };
    assert.deepEqual(tagsWith({ code: SpanStatusCode.UNSET }), {});
    assert.deepEqual(tagsWith({ code: SpanStatusCode.OK, message: "no" }), {
      "otel.status_code": "OK",
    });
    assert.deepEqual(tagsWith({ code: SpanStatusCode.ERROR, message: "no such address" }), {
      "otel.status_code": "ERROR",
      error: "no such address",
    });
    assert.deepEqual(tagsWith({ code: SpanStatusCode.ERROR }), {
      "otel.status_code": "ERROR",
      error: "",
    });
    assert.deepEqual(tagsWith({ code: SpanStatusCode.UNSET }, { error: false }), {});
    assert.deepEqual(tagsWith({ code: SpanStatusCode.UNSET }, { error: "yes" }), { error: "yes" });
  });

  it("says what it dropped", () => {
    const counts = { droppedAttributesCount: 1, droppedEventsCount: 2, droppedLinksCount: 3 };
    assert.deepEqual(encoded(counts).tags, {
      "otel.scope.name": "test",
      "otel.dropped_attributes_count": "1",
      "otel.dropped_events_count": "2",
      "otel.dropped_links_count": "3",
    });
  });

  it("has its events as annotations", () => {
    const time = [1_700_000_000, 5_000] as const;
    const events = [
      { name: "began", time },
      { name: "tried", time, attributes: { attempt: 1, to: ["a"] } },
    ];
    assert.deepEqual(encoded({ events }).annotations, [
      { timestamp: 1_700_000_000_000_005, value: "began" },
      { timestamp: 1_700_000_000_000_005, value: '"tried": {"attempt":"1","to":"[\\"a\\"]"}' },
    ]);
  });

  it("that calls or sends names who was called, by the ranking", () => {
    const to = (attributes: Record<string, unknown>, kind = SpanKind.CLIENT) =>
      encoded({ kind, attributes }).remoteEndpoint;
    assert.deepEqual(to({ "peer.service": "mail", "server.address": "host" }), {
      serviceName: "mail",
    });
    assert.deepEqual(to({ "server.address": "host", "db.name": "jobs" }, SpanKind.PRODUCER), {
      serviceName: "host",
    });
    const peer = { "network.peer.address": "10.0.0.1", "network.peer.port": 5432 };
    assert.deepEqual(to(peer), { ipv4: "10.0.0.1", port: 5432 });
    assert.deepEqual(to({ "network.peer.address": "::1" }), { ipv6: "::1" });
    assert.deepEqual(to({ "network.peer.address": "/run/db" }), { serviceName: "/run/db" });
    assert.deepEqual(to({ "peer.service": "" }), undefined);
    assert.deepEqual(to({ "peer.service": "mail" }, SpanKind.SERVER), undefined);
  });

  it("that sends or takes a message names the broker where nothing else is known", () => {
    const to = (kind: SpanKind, more: Record<string, unknown> = {}) =>
      encoded({ kind, attributes: { "messaging.system": "hammerwork", ...more } }).remoteEndpoint;
    assert.deepEqual(to(SpanKind.PRODUCER), { serviceName: "hammerwork" });
    assert.deepEqual(to(SpanKind.CONSUMER), { serviceName: "hammerwork" });
    const peer = { "network.peer.address": "10.0.0.1" };
    assert.deepEqual(to(SpanKind.CONSUMER, peer), { ipv4: "10.0.0.1" });
    // A call that the messages go with would be a second edge.
    assert.equal(to(SpanKind.CLIENT), undefined);
    assert.equal(to(SpanKind.INTERNAL), undefined);
  });

  it("has half a surrogate pair as U+FFFD, wherever it is", () => {
    const half = "a\ud83db";
    const attributes = { [half]: half, list: [half, { [half]: half }] };
    const json = encodeZipkinSpans([spanNamed(half, {
      kind: SpanKind.CLIENT,
      attributes: { ...attributes, "peer.service": half },
      events: [{ name: half, time: [1_700_000_000, 0], attributes }],
      resource: { attributes: { ...attributes, "service.name": half } },
      instrumentationScope: { name: half, version: half },
      status: { code: SpanStatusCode.ERROR, message: half },
    })]);
    assert.deepEqual(zipkinViolations(json), []);
    assert.doesNotMatch(json, /\\ud83d/);
    assert.doesNotMatch(json, /\ud83d/);
  });

  it("is what Zipkin takes, whatever is in it, and none is left out", () => {
    let sent = 0;
    fc.assert(
      fc.property(hostileBatch, (spans) => {
        const body = encodeZipkinSpans(spans);
        assert.deepEqual(zipkinViolationsAtAnyTime(body), []);
        assert.equal(JSON.parse(body).length, spans.length);
        sent += spans.length;
      }),
      { numRuns: 200 },
    );
    assert.ok(sent > 500, `${sent} spans`);
  });

  it("without ids is refused", () => {
    const spanContext = () => ({ traceId: "a".repeat(31), spanId: "b".repeat(16), traceFlags: 1 });
    assert.throws(() => encodeZipkinSpans([spanNamed("one", { spanContext })]), RangeError);
  });
});

describe("initTracing with Zipkin's address", () => {
  it("posts a list there, and takes 202 for success", async () => {
    const { endpoint, ...collector } = await openCollector();
    const otlpEndpoint = `${endpoint}/api/v2/spans`;
    const warnings = await warningsOf(async () => {
      const tracing = await init({ serviceName: "shop", otlpEndpoint, compression: "gzip" });
      const { traceId } = record("one");
      await tracing.shutdown();
      const [request] = await collector.received();
      assert.equal(request!.path, "/api/v2/spans");
      assert.equal(request!.headers["content-type"], "application/json");
      const [span] = JSON.parse(request!.body);
      assert.equal(span.traceId, traceId);
      assert.deepEqual(span.localEndpoint, { serviceName: "shop" });
      assert.equal(tracing.droppedSpans, 0);
    });
    assert.deepEqual(warnings, []);
  });

  it("from the environment does the same, and needs no OTLP to be spoken", async () => {
    for (const kind of ["OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"]) {
      const { endpoint, ...collector } = await openCollector();
      const env = { [kind]: `${endpoint}/api/v2/spans`, OTEL_EXPORTER_OTLP_PROTOCOL: "grpc" };
      assert.deepEqual(
        await warningsOf(async () => {
          const tracing = await init({ env });
          record("one");
          await tracing.shutdown();
        }),
        [],
      );
      assert.deepEqual((await collector.received()).map(({ path }) => path), ["/api/v2/spans"]);
    }
  });

  it("sends again what Zipkin had no time for, and says what it refused", async () => {
    const { endpoint, ...collector } = await openCollector();
    await collector.answerWith(
      { status: 503, headers: { "retry-after": "0" } },
      { status: 202, body: "" },
      { status: 400, body: "Expected a list" },
    );
    const otlpEndpoint = `${endpoint}/api/v2/spans`;
    const warnings = await warningsOf(async () => {
      const tracing = await init({ otlpEndpoint });
      record("one");
      await tracing.forceFlush();
      record("two");
      await tracing.shutdown();
      assert.equal(tracing.droppedSpans, 1);
    });
    assert.deepEqual(warnings, [
      `Spans were lost (1): The collector at ${otlpEndpoint} answered 400: Expected a list`,
    ]);
    assert.equal((await collector.received()).length, 3);
  });

  it("gets OTLP at /v1/traces of the same port", async () => {
    const { endpoint, ...collector } = await openCollector();
    const tracing = await init({ otlpEndpoint: `${endpoint}/v1/traces` });
    trace.getTracer("test").startSpan("one").end();
    await tracing.shutdown();
    assert.equal((await collector.spans()).length, 1);
  });
});
