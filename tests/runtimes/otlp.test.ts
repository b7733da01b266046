import {
  type Attributes,
  createTraceState,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
  type Tracer,
  type TraceState,
} from "@opentelemetry/api";
import { type ReadableSpan as SdkSpan, TracerProvider } from "@opentelemetry/sdk-trace";
import fc from "fast-check";
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { encodeSpans, recycleSpans } from "../../src/tracing/export/otlp/protocol.ts";
import type { HrTime, ReadableSpan } from "../../src/tracing/export/readable_span.ts";
import { resourceOf } from "../../src/tracing/resource.ts";
import { otlpViolations } from "../otlp_protocol.ts";
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
      fc.string({ unit: "grapheme" }),
      soundNumber,
      fc.boolean(),
      fc.array(fc.option(fc.string(), { nil: null })),
      fc.array(soundNumber),
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
        nothing: null,
        absent: undefined,
        call: () => 1,
        negativeZero: -0,
        large: 2 ** 53 - 1,
        nested: { list: [1, 0.5, "x", null, undefined, [true], { deep: {} }] },
        date: new Date(0),
        sparse,
        "": "empty key",
      },
    }]);
  });

  it("for times at 1970 and out of the usual form", () => {
    for (const time of [[0, 0], [0, 7], [-1, 2e9], [1, 2_000_000_000], [1.9, 2.9]] as const) {
      assertAsStock([{ ...plain, startTime: time, endTime: time }]);
    }
  });

  it("for any span", () => {
    fc.assert(fc.property(fc.array(anySpan, { maxLength: 5 }), assertAsStock), { numRuns: 200 });
  });
});

describe("encodeSpans writes what the protocol can say", () => {
  /** A span as it was written, in a body that the protocol allows. */
  const sound = (more: Partial<ReadableSpan>) => {
    const json = encoded([{ ...plain, ...more }]);
    assert.deepEqual(otlpViolations(json), []);
    return onlySpan(json);
  };
  const valueOf = (value: unknown) =>
    (sound({ attributes: { value } }).attributes as { value: unknown }[])[0]!.value;

  it("of numbers: an integer that is safe as one, every other as a double", () => {
    const values: readonly (readonly [number | bigint, unknown])[] = [
      [0, { intValue: 0 }],
      [-0, { intValue: 0 }],
      [1.5, { doubleValue: 1.5 }],
      [2 ** 53 - 1, { intValue: 9_007_199_254_740_991 }],
      [2 ** 53, { doubleValue: 2 ** 53 }],
      [-(2 ** 53), { doubleValue: -(2 ** 53) }],
      [2 ** 63, { doubleValue: 2 ** 63 }],
      [-(2 ** 63), { doubleValue: -(2 ** 63) }],
      [1e21, { doubleValue: 1e21 }],
      [Number.MAX_VALUE, { doubleValue: Number.MAX_VALUE }],
      [5e-324, { doubleValue: 5e-324 }],
      [0 / 0, { doubleValue: "NaN" }],
      [1 / 0, { doubleValue: "Infinity" }],
      [-1 / 0, { doubleValue: "-Infinity" }],
      [2n ** 63n - 1n, { intValue: "9223372036854775807" }],
      [-(2n ** 63n), { intValue: "-9223372036854775808" }],
      [2n ** 63n, { stringValue: "9223372036854775808" }],
    ];
    for (const [value, expected] of values) {
      assert.deepEqual(valueOf(value), expected);
      assert.deepEqual(valueOf([value]), { arrayValue: { values: [expected] } });
      const inside = { kvlistValue: { values: [{ key: "a", value: expected }] } };
      assert.deepEqual(valueOf({ a: value }), inside);
      // A value that comes again is written from memory.
      assert.deepEqual(valueOf(value), expected);
    }
  });

  it("of text: half a surrogate pair becomes U+FFFD, wherever it is", () => {
    const half = "a\ud83db";
    const whole = "a\ufffdb";
    const attributes = { [half]: half, list: [half], deep: { [half]: [{ [half]: half }] } };
    const text = JSON.stringify(JSON.parse(encoded([{
      ...plain,
      name: half,
      attributes,
      links: [{ context: plain.spanContext(), attributes }],
      events: [{ name: half, time: [1, 0], attributes }],
      resource: { attributes, schemaUrl: half },
      instrumentationScope: { name: half, version: half, schemaUrl: half, attributes },
      status: { code: SpanStatusCode.ERROR, message: half },
      spanContext: () => ({ ...plain.spanContext(), traceState: stateOf(`a=${half}`) }),
    }])));
    assert.equal(text.match(/\\ud83d/), null);
    // 5 names and a tracestate, 2 URLs, and 6 in each of 5 lists of attributes.
    assert.equal(text.split(whole).length - 1, 8 + 6 * 5);
    assert.deepEqual(valueOf("\ude00\ud83d"), { stringValue: "\ufffd\ufffd" });
    assert.deepEqual(valueOf("\ud83d\ude00"), { stringValue: "\ud83d\ude00" });
  });

  it("of keys that become one: once", () => {
    const keys = ["\ud800", "\ud801", "\ufffd", "__proto__\ud800"];
    const attributes = Object.fromEntries(keys.map((key, i) => [key, i + 1]));
    assert.deepEqual(sound({ attributes }).attributes, [
      { key: "\ufffd", value: { intValue: 3 } },
      { key: "__proto__\ufffd", value: { intValue: 4 } },
    ]);
  });

  it("of times: 1970 to 2554, and no end before the start", () => {
    const timesOf = (startTime: HrTime, endTime: HrTime) => {
      const { startTimeUnixNano, endTimeUnixNano } = sound({ startTime, endTime });
      return [startTimeUnixNano, endTimeUnixNano];
    };
    const last = "18446744073709551615";
    assert.deepEqual(timesOf([-1, 5], [1, 0]), ["0", "1000000000"]);
    assert.deepEqual(timesOf([18_446_744_073, 709_551_615], [18_446_744_073, 709_551_616]), [
      last,
      last,
    ]);
    assert.deepEqual(timesOf([1e12, 0], [1e300, 0]), [last, last]);
    assert.deepEqual(timesOf([NaN, NaN], [1_700_000_001, 5]), ["0", "0"]);
    assert.deepEqual(timesOf([1, 0], [NaN, 0]), ["1000000000", "1000000000"]);
    assert.deepEqual(timesOf([5, 0], [4, 999_999_999]), ["5000000000", "5000000000"]);
    const event = { name: "before", time: [-1, 0] as const };
    const [written] = sound({ events: [event] }).events as { timeUnixNano: string }[];
    assert.equal(written!.timeUnixNano, "0");
  });

  it("of ids: a link that leads nowhere is left out and counted, a parent that is none is none", () => {
    const context = plain.spanContext();
    const broken = [
      { ...context, traceId: "" },
      { ...context, traceId: "0".repeat(32) },
      { ...context, traceId: `${TRACE_ID}0` },
      { ...context, traceId: `${TRACE_ID.slice(1)}g` },
      { ...context, spanId: "0".repeat(16) },
      { ...context, spanId: SPAN_ID.slice(1) },
      undefined as unknown as typeof context,
    ];
    const links = [context, ...broken].map((context) => ({ context }));
    const span = sound({ links, droppedLinksCount: 3 });
    assert.equal((span.links as unknown[]).length, 1);
    assert.equal(span.droppedLinksCount, 3 + broken.length);
    for (const spanId of ["", "0".repeat(16), "x"]) {
      const parentSpanContext = { ...context, spanId };
      assert.equal("parentSpanId" in sound({ parentSpanContext }), false);
    }
    const upper = { ...context, traceId: TRACE_ID.toUpperCase(), spanId: SPAN_ID.toUpperCase() };
    const lower = sound({ parentSpanContext: upper, spanContext: () => upper });
    assert.deepEqual([lower.traceId, lower.spanId], [TRACE_ID, SPAN_ID]);
    assert.equal(lower.parentSpanId, SPAN_ID);
    for (const bad of broken.slice(0, -1)) {
      assert.throws(() => encoded([{ ...plain, spanContext: () => bad }]), RangeError);
    }
  });

  it("of what only types forbid: names, counts and kinds of another kind", () => {
    const wrong = (value: unknown) => value as never;
    const span = sound({
      name: wrong(5),
      kind: wrong(9),
      status: { code: wrong(7), message: wrong({ a: 1 }) },
      droppedAttributesCount: NaN,
      droppedEventsCount: -1,
      droppedLinksCount: 2 ** 40,
      instrumentationScope: { name: wrong(undefined), version: wrong(1) },
      events: [{ name: wrong(null), time: [1, 0], droppedAttributesCount: 1.5 }],
    });
    assert.deepEqual([span.name, span.kind, span.droppedLinksCount], ["5", 0, 2 ** 32 - 1]);
    assert.deepEqual(span.status, { code: 0, message: '{"a":1}' });
  });

  it("of a value that throws, contains itself or has no end: as far as it goes", () => {
    const circle: Record<string, unknown> = { a: 1 };
    circle.again = circle;
    circle.twice = [circle, circle];
    let deep: unknown = 1;
    for (let i = 0; i < 10_000; i++) deep = [deep];
    const thrower = {
      get bad() {
        throw new Error("no");
      },
      good: 1,
    };
    assert.deepEqual(valueOf(thrower), {
      kvlistValue: {
        values: [{ key: "bad", value: {} }, { key: "good", value: { intValue: 1 } }],
      },
    });
    assert.equal(JSON.stringify(valueOf(circle)).match(/intValue/g)!.length, 1);
    assert.ok(JSON.stringify(valueOf(deep)).length < 2_000);
  });
});

/** A tracestate that nobody has looked at. */
function stateOf(text: string): TraceState {
  return { ...createTraceState(), serialize: () => text } as TraceState;
}

it("encodeSpans says whether the parent is in another process", () => {
  const flagsUnder = (parentSpanContext: ReadableSpan["parentSpanContext"]) =>
    onlySpan(encoded([{ ...plain, parentSpanContext }])).flags;
  const parent = { traceId: TRACE_ID, spanId: SPAN_ID, traceFlags: 1 };
  assert.equal(flagsUnder(undefined), 0x101);
  assert.equal(flagsUnder(parent), 0x101);
  assert.equal(flagsUnder({ ...parent, isRemote: true }), 0x301);
});

// Those that the stock exporter has a good form for.
const soundNumber = fc.oneof(
  fc.maxSafeInteger(),
  fc.double({ noNaN: true, noDefaultInfinity: true })
    .filter((value) => !Number.isInteger(value) || Number.isSafeInteger(value)),
);
const digits = (count: number) =>
  fc.array(fc.constantFrom(..."0123456789abcdef"), { minLength: count, maxLength: count })
    .map((list) => list.join("")).filter((id) => !/^0+$/.test(id));
const time = fc.tuple(fc.nat(4_000_000_000), fc.nat(999_999_999));
const counts = fc.nat(3);
const attributes = fc.dictionary(
  fc.string(),
  fc.anything({
    values: [fc.string(), soundNumber, fc.boolean(), fc.constantFrom(null, undefined)],
    withDate: true,
    maxDepth: 3,
  }),
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
  name: fc.string({ unit: "grapheme" }),
  kind: fc.constantFrom(0, 1, 2, 3, 4, undefined as unknown as SpanKind),
  spanContext: spanContext.map((made) => () => made),
  parentSpanContext: fc.option(spanContext, { nil: undefined }),
  startTime: time,
  endTime: time.map(([seconds, nanos]) => [seconds + 4_000_000_000, nanos] as const),
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
