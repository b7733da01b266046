import {
  type Attributes,
  createTraceState,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
  type Tracer,
} from "@opentelemetry/api";
import { type ReadableSpan as SdkSpan, TracerProvider } from "@opentelemetry/sdk-trace";
import fc from "fast-check";
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { encodeSpans, recycleSpans } from "../../src/export/otlp/encode.ts";
import type { ReadableSpan } from "../../src/export/readable_span.ts";
import { resourceOf } from "../../src/tracing/resource.ts";
import { stockJson } from "./stock_json.ts";

const TRACE_ID = "0af7651916cd43dd8448eb211c80319c";
const SPAN_ID = "b7ad6b7169203331";

function encoded(spans: readonly ReadableSpan[]): string {
  return new TextDecoder("utf-8", { fatal: true }).decode(encodeSpans(spans));
}

function assertAsStock(spans: readonly ReadableSpan[]): void {
  assert.deepEqual(JSON.parse(encoded(spans)), stockJson(spans));
}

/** Spans that the SDK itself made and ended. */
function recorded(make: (tracer: Tracer, provider: TracerProvider) => void): SdkSpan[] {
  const spans: SdkSpan[] = [];
  const provider = new TracerProvider({
    resource: resourceOf({ "service.name": "shop", "service.version": "1.2.3" }),
    spanProcessors: [{
      onStart: () => {},
      onEnd: (span) => void spans.push(span),
      forceFlush: async () => {},
      shutdown: async () => {},
    }],
  });
  make(provider.getTracer("hammerwork", "0.1.0"), provider);
  return spans;
}

const plain: ReadableSpan = {
  name: "process email_queue",
  kind: SpanKind.CONSUMER,
  spanContext: () => ({ traceId: TRACE_ID, spanId: SPAN_ID, traceFlags: 1 }),
  startTime: [1_700_000_000, 5],
  endTime: [1_700_000_001, 999_999_999],
  status: { code: SpanStatusCode.UNSET },
  attributes: {},
  links: [],
  events: [],
  resource: { attributes: { "service.name": "shop" } },
  instrumentationScope: { name: "hammerwork" },
  droppedAttributesCount: 0,
  droppedEventsCount: 0,
  droppedLinksCount: 0,
};

function onlySpan(json: string): Record<string, unknown> {
  return JSON.parse(json).resourceSpans[0].scopeSpans[0].spans[0];
}

describe("encodeSpans on spans the SDK made gives what the stock exporter sends", () => {
  it("of a span with a parent, links, events, an exception and an error", () => {
    const spans = recorded((tracer) => {
      const remote = trace.setSpanContext(ROOT_CONTEXT, {
        traceId: TRACE_ID,
        spanId: SPAN_ID,
        traceFlags: 1,
        isRemote: true,
        traceState: createTraceState("vendor=one,other=two"),
      });
      const parent = tracer.startSpan("parent", { kind: SpanKind.SERVER }, remote);
      const child = tracer.startSpan("child", {
        kind: SpanKind.PRODUCER,
        attributes: { text: "ü\ud83d\ude00", whole: 7, part: 0.5, yes: true, list: ["a", "b"] },
        links: [
          { context: parent.spanContext(), attributes: { why: "retry" } },
          { context: { traceId: TRACE_ID, spanId: SPAN_ID, traceFlags: 0, isRemote: true } },
        ],
      }, trace.setSpan(ROOT_CONTEXT, parent));
      child.addEvent("began", { attempt: 1 });
      child.recordException(new TypeError("no such address"));
      child.setStatus({ code: SpanStatusCode.ERROR, message: "no such address" });
      child.end();
      parent.end();
    });
    assert.equal(spans.length, 2);
    assertAsStock(spans);
  });

  it("of spans of several libraries and services in one batch", () => {
    const shop = recorded((tracer, provider) => {
      tracer.startSpan("one").end();
      provider.getTracer("other", "2", { schemaUrl: "https://schema.example/1" })
        .startSpan("two").end();
      tracer.startSpan("three").end();
    });
    const bank = recorded((tracer) => tracer.startSpan("four").end());
    assertAsStock([...shop, ...bank, ...shop]);
  });

  it("of a span that dropped what was over its limits", () => {
    const spans = recorded((tracer) => {
      const span = tracer.startSpan("full");
      for (let i = 0; i < 140; i++) {
        span.setAttribute(`key${i}`, i);
        span.addEvent(`event${i}`);
        span.addLink({ context: { traceId: TRACE_ID, spanId: SPAN_ID, traceFlags: 1 } });
      }
      span.end();
    });
    assert.equal(spans[0]!.droppedAttributesCount, 12);
    assertAsStock(spans);
  });

  it("of any attributes", () => {
    const value = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.double(),
      fc.integer(),
      fc.boolean(),
      fc.array(fc.option(fc.string(), { nil: null })),
      fc.array(fc.double()),
    );
    fc.assert(
      fc.property(fc.string(), fc.dictionary(fc.string(), value), (name, attributes) => {
        assertAsStock(recorded((tracer) => {
          const span = tracer.startSpan(name, { attributes: attributes as Attributes });
          span.addEvent(name, attributes as Attributes);
          span.end();
        }));
      }),
    );
  });
});

describe("encodeSpans on any span gives what the stock exporter sends", () => {
  it("for every kind of value", () => {
    const sparse = ["first", "third"];
    sparse[3] = "fourth";
    assertAsStock([{
      ...plain,
      attributes: {
        bytes: new Uint8Array([0, 1, 254, 255]),
        noBytes: new Uint8Array(0),
        big: 10n,
        nothing: null,
        absent: undefined,
        call: () => 1,
        negativeZero: -0,
        huge: 2 ** 53,
        notANumber: NaN,
        endless: -Infinity,
        nested: { list: [1, 0.5, "x", null, undefined, [true], { deep: {} }] },
        date: new Date(0),
        sparse,
        "": "empty key",
      },
    }]);
  });

  it("for times before 1970, at 1970 and out of the usual form", () => {
    for (const time of [[0, 0], [0, 7], [-1, 5], [1, 2_000_000_000], [1.9, 2.9]] as const) {
      assertAsStock([{ ...plain, startTime: time, endTime: time }]);
    }
  });

  it("for any span", () => {
    fc.assert(fc.property(fc.array(anySpan, { maxLength: 5 }), assertAsStock), { numRuns: 200 });
  });
});

it("encodeSpans writes a time that is none as zero, and keeps the other spans", () => {
  const json = encoded([{ ...plain, startTime: [NaN, NaN] }]);
  assert.equal(onlySpan(json).startTimeUnixNano, "0");
  assert.equal(onlySpan(json).endTimeUnixNano, "1700000001999999999");
});

it("encodeSpans says whether the parent is in another process", () => {
  const flagsUnder = (parentSpanContext: ReadableSpan["parentSpanContext"]) =>
    onlySpan(encoded([{ ...plain, parentSpanContext }])).flags;
  const parent = { traceId: TRACE_ID, spanId: SPAN_ID, traceFlags: 1 };
  assert.equal(flagsUnder(undefined), 0x101);
  assert.equal(flagsUnder(parent), 0x101);
  assert.equal(flagsUnder({ ...parent, isRemote: true }), 0x301);
});

const digits = (count: number) =>
  fc.array(fc.constantFrom(..."0123456789abcdef"), { minLength: count, maxLength: count })
    .map((list) => list.join(""));
const time = fc.tuple(fc.nat(4_000_000_000), fc.nat(999_999_999));
const counts = fc.nat(3);
const attributes = fc.dictionary(
  fc.string(),
  fc.anything({ withBigInt: true, withTypedArray: true, withDate: true, maxDepth: 3 }),
  { maxKeys: 4 },
);
const spanContext = fc.record({
  traceId: digits(32),
  spanId: digits(16),
  traceFlags: fc.nat(255),
  isRemote: fc.boolean(),
  traceState: fc.constantFrom("", "a=b", "a=b,c=d").map(createTraceState),
}, { requiredKeys: ["traceId", "spanId", "traceFlags"] });
const optionalText = fc.option(fc.string(), { nil: undefined });
const optionalCount = fc.option(counts, { nil: undefined });
const optionalAttributes = fc.option(attributes, { nil: undefined });
// Few resources and scopes, so that spans share them.
const resources = [
  { attributes: { "service.name": "one" } },
  { attributes: {}, schemaUrl: "https://schema.example/2" },
  { attributes: {}, schemaUrl: "" },
];
const scopes = [
  { name: "one" },
  { name: "one", version: "1" },
  { name: "two", schemaUrl: "https://schema.example/1", attributes: {} },
  { name: "three", attributes: { key: [1] }, droppedAttributesCount: 2 },
  { name: "four", attributes: { key: 1 } },
];

const anySpan: fc.Arbitrary<ReadableSpan> = fc.record({
  name: fc.string({ unit: "binary" }),
  kind: fc.constantFrom(0, 1, 2, 3, 4, undefined as unknown as SpanKind),
  spanContext: spanContext.map((made) => () => made),
  parentSpanContext: fc.option(spanContext, { nil: undefined }),
  startTime: time,
  endTime: time,
  status: fc.record({ code: fc.constantFrom(0, 1, 2), message: optionalText })
    .map(({ code, message }) => message === undefined ? { code } : { code, message }),
  attributes,
  links: fc.array(
    fc.record({
      context: spanContext,
      attributes: optionalAttributes,
      droppedAttributesCount: optionalCount,
    }),
    { maxLength: 3 },
  ),
  events: fc.array(
    fc.record({
      name: fc.string(),
      time,
      attributes: optionalAttributes,
      droppedAttributesCount: optionalCount,
    }),
    { maxLength: 3 },
  ),
  resource: fc.constantFrom(...resources),
  instrumentationScope: fc.constantFrom(...scopes),
  droppedAttributesCount: counts,
  droppedEventsCount: counts,
  droppedLinksCount: counts,
});

describe("the bytes of an export", () => {
  const named = (name: string) => ({ ...plain, name });
  const nameIn = (bytes: Uint8Array) => onlySpan(new TextDecoder().decode(bytes)).name;

  it("stay as they are, whatever is encoded after them, until they are given back", () => {
    const first = encodeSpans([named("first")]);
    const second = encodeSpans([named("second")]);
    assert.notEqual(first.buffer, second.buffer);
    assert.deepEqual([first, second].map(nameIn), ["first", "second"]);
    recycleSpans(first);
    const third = encodeSpans([named("third")]);
    assert.equal(third.buffer, first.buffer);
    assert.deepEqual([second, third].map(nameIn), ["second", "third"]);
  });

  it("grow beyond what is usual, and are not held then", () => {
    const name = "ü\ud83d\ude00".repeat(300_000);
    const large = encodeSpans([named("a"), named(name), named("b")]);
    const { spans } = JSON.parse(new TextDecoder().decode(large)).resourceSpans[0].scopeSpans[0];
    assert.deepEqual(spans.map((span: { name: string }) => span.name), ["a", name, "b"]);
    recycleSpans(large);
    assert.notEqual(encodeSpans([plain]).buffer, large.buffer);
  });

  it("are the same for a value that comes again, changes and comes back", () => {
    const values = [1, 1, 1, "1", "1", "1", true, true, 1, 1.5, 1.5, 1.5, null, null, [1], [1], 1];
    const long = "x".repeat(200);
    assertAsStock([...values, long, long, long].map((value) => ({
      ...plain,
      attributes: { value, other: "same" },
    })));
  });
});
