/** Spans as nobody would write them by hand: every kind of value, in every place that takes one. */

import { createTraceState, type SpanKind } from "@opentelemetry/api";
import fc from "fast-check";
import type {
  HrTime,
  ReadableSpan,
  SpanResource,
  SpanScope,
} from "../../src/export/readable_span.ts";

// "binary" is any code point, and the second has surrogates that stand alone.
const text = fc.oneof(
  fc.string(),
  fc.string({ unit: "binary" }),
  fc.array(fc.constantFrom("\ud83d", "\ude00", "a", "\u0000", "\u2028", '"', "\\")).map((parts) =>
    parts.join("")
  ),
  fc.constantFrom("", " ", "__proto__", "constructor", "\ufeff", "\u{10ffff}", "é", "e\u0301"),
);
const hugeText = fc.constantFrom("x", "ü", "\ud83d\ude00", "\ud83d", "\n")
  .map((one) => one.repeat(20_000));

const number = fc.oneof(
  fc.double(),
  fc.integer(),
  fc.constantFrom(0, -0, NaN, Infinity, -Infinity, 2 ** 53, -(2 ** 63), 1e21, 1e308, 5e-324, 0.1),
);

const plain = fc.oneof(
  { weight: 4, arbitrary: text },
  { weight: 4, arbitrary: number },
  { weight: 2, arbitrary: fc.boolean() },
  { weight: 1, arbitrary: fc.constantFrom(null, undefined) },
);
const odd = fc.oneof(
  fc.bigInt(),
  fc.date({ noInvalidDate: false }),
  fc.uint8Array({ maxLength: 40 }),
  fc.uint16Array({ maxLength: 4 }),
  fc.float64Array({ maxLength: 4 }),
  fc.constantFrom(Symbol("s"), () => 1, new Map([["a", 1]]), new Set([1]), /x/, new Error("e")),
  fc.sparseArray(text, { maxLength: 5 }),
  fc.record({ toJSON: fc.constant(() => "never asked"), a: text }),
);
const sameKind = fc.oneof(
  fc.array(text),
  fc.array(number),
  fc.array(fc.boolean()),
  fc.array(fc.option(text, { nil: null })),
);
const nested = fc.object({
  values: [plain, fc.uint8Array({ maxLength: 3 })],
  key: text,
  maxDepth: 4,
});
const huge = fc.oneof(
  hugeText,
  fc.constant(Array.from({ length: 2_000 }, (_, i) => i)),
  fc.constant(Array.from({ length: 500 }, (_, i) => ({ [`key${i}`]: [i, `${i}`, i / 7] }))),
  fc.constant(new Uint8Array(5_000).fill(200)),
);
const value = fc.oneof(
  { weight: 20, arbitrary: plain },
  { weight: 8, arbitrary: sameKind },
  { weight: 5, arbitrary: nested },
  { weight: 5, arbitrary: odd },
  { weight: 5, arbitrary: fc.array(fc.oneof(plain, odd), { maxLength: 5 }) },
  { weight: 1, arbitrary: huge },
);
const attributes = fc.dictionary(text, value, { maxKeys: 6 });

const time: fc.Arbitrary<HrTime> = fc.oneof(
  fc.tuple(fc.nat(4_000_000_000), fc.nat(999_999_999)),
  fc.tuple(fc.integer({ min: -10, max: 10 }), fc.integer({ min: -3_000_000_000, max: 3e9 })),
  // Of a clock that counts in fractions, from one second after 1970 on.
  fc.tuple(
    fc.double({ min: 1, max: 4e9, noNaN: true }),
    fc.double({ min: 0, max: 1e9, noNaN: true }),
  ),
  fc.constantFrom<HrTime>([0, 0], [0, 1], [1, 0], [1, 999_999_999], [1, 1e9], [9_007_199_254, 1]),
);

const hex = (digits: number) =>
  fc.array(fc.constantFrom(..."0123456789abcdef"), { minLength: digits, maxLength: digits })
    .map((list) => list.join(""));
const spanContext = fc.record({
  traceId: hex(32),
  spanId: hex(16),
  traceFlags: fc.nat(255),
  isRemote: fc.boolean(),
  traceState: fc.constantFrom("", "a=b", "a=b,c=d", "not one").map(createTraceState),
}, { requiredKeys: ["traceId", "spanId", "traceFlags"] });

const count = fc.nat(1_000_000);
const optional = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });

const resource: fc.Arbitrary<SpanResource> = fc.record(
  { attributes, schemaUrl: text },
  { requiredKeys: ["attributes"] },
);
const scope: fc.Arbitrary<SpanScope> = fc.record({
  name: text,
  version: text,
  schemaUrl: text,
  attributes,
  droppedAttributesCount: count,
}, { requiredKeys: ["name"] });

const spanWithin = (resources: readonly SpanResource[], scopes: readonly SpanScope[]) =>
  fc.record<ReadableSpan>({
    name: fc.oneof({ weight: 20, arbitrary: text }, { weight: 1, arbitrary: hugeText }),
    kind: fc.constantFrom(0, 1, 2, 3, 4, undefined as unknown as SpanKind),
    spanContext: spanContext.map((made) => () => made),
    parentSpanContext: optional(spanContext),
    startTime: time,
    endTime: time,
    status: fc.record({ code: fc.constantFrom(0, 1, 2), message: text }, {
      requiredKeys: ["code"],
    }),
    attributes,
    links: fc.array(
      fc.record({
        context: spanContext,
        attributes: optional(attributes),
        droppedAttributesCount: optional(count),
      }),
      { maxLength: 3 },
    ),
    events: fc.array(
      fc.record({
        name: text,
        time,
        attributes: optional(attributes),
        droppedAttributesCount: optional(count),
      }),
      { maxLength: 3 },
    ),
    resource: fc.constantFrom(...resources),
    instrumentationScope: fc.constantFrom(...scopes),
    droppedAttributesCount: count,
    droppedEventsCount: count,
    droppedLinksCount: count,
  });

/** One batch, whose spans share a few services and libraries. */
export const anyBatch: fc.Arbitrary<readonly ReadableSpan[]> = fc
  .tuple(
    fc.array(resource, { minLength: 1, maxLength: 3 }),
    fc.array(scope, { minLength: 1, maxLength: 4 }),
  )
  .chain(([resources, scopes]) => fc.array(spanWithin(resources, scopes), { maxLength: 8 }));
