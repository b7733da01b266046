/**
 * Spans as nobody would write them by hand: every kind of value, in every place that takes one. Sound
 * ones, which every exporter can send as they are, and hostile ones, which only types forbid.
 */

import { createTraceState, type SpanKind } from "@opentelemetry/api";
import fc from "fast-check";
import type {
  HrTime,
  ReadableSpan,
  SpanResource,
  SpanScope,
} from "../../src/tracing/export/readable_span.ts";
import { anyCodePoint } from "../conformance/any_code_point.ts";

/** What a span is made of. */
interface Parts {
  readonly text: fc.Arbitrary<string>;
  readonly number: fc.Arbitrary<number>;
  /** Values that no attribute should have. */
  readonly odd: fc.Arbitrary<unknown>;
  readonly time: fc.Arbitrary<HrTime>;
  /** The end of a span that starts at the first, if the second is drawn for it. */
  readonly endOf: (start: HrTime, drawn: HrTime) => HrTime;
  readonly linkContext: fc.Arbitrary<Context>;
}

type Context = ReturnType<ReadableSpan["spanContext"]>;

const anyOf = fc.constantFrom;

const soundText = fc.oneof(
  fc.string(),
  fc.string({ unit: "grapheme" }),
  fc.array(anyOf("\ud83d\ude00", "a", "\u0000", "\u2028", '"', "\\")).map((parts) =>
    parts.join("")
  ),
  anyOf("", " ", "__proto__", "constructor", "\ufeff", "\u{10ffff}", "é", "e\u0301"),
);
const halves = anyOf("\ud83d", "\ude00", "\udfff", "\ud800", "a", "\u0000", "\u2028", '"', "\\");
const hostileText = fc.oneof(
  soundText,
  fc.string({ unit: anyCodePoint }),
  fc.array(halves).map((parts) => parts.join("")),
);

const soundNumber = fc.oneof(
  fc.maxSafeInteger(),
  fc.integer(),
  fc.double({ noNaN: true, noDefaultInfinity: true })
    .filter((value) => !Number.isInteger(value) || Number.isSafeInteger(value)),
  anyOf(0, -0, 2 ** 53 - 1, 5e-324, 0.1),
);
const hostileNumber = fc.oneof(
  soundNumber,
  fc.double(),
  anyOf(NaN, Infinity, -Infinity, 2 ** 53, 2 ** 63, -(2 ** 63), 1e21, 1e308),
);

const soundOdd = fc.oneof(
  fc.date({ noInvalidDate: false }),
  fc.uint8Array({ maxLength: 40 }),
  fc.uint16Array({ maxLength: 4 }),
  anyOf(Symbol("s"), () => 1, new Map([["a", 1]]), new Set([1]), /x/, new Error("e")),
  fc.sparseArray(soundText, { maxLength: 5 }),
  fc.record({ toJSON: fc.constant(() => "never asked"), a: soundText }),
);
const circle: Record<string, unknown> = { text: "\ud83d", list: [NaN] };
circle.again = [circle, { circle }];
const hostileOdd = fc.oneof(
  soundOdd,
  fc.bigInt(),
  fc.float64Array({ maxLength: 4 }),
  fc.sparseArray(hostileText, { maxLength: 5 }),
  fc.constant(circle),
  fc.constant({
    get thrown() {
      throw new Error("no");
    },
  }),
);

const soundTime: fc.Arbitrary<HrTime> = fc.oneof(
  fc.tuple(fc.nat(4_000_000_000), fc.nat(999_999_999)),
  // Of a clock that counts in fractions, from one second after 1970 on.
  fc.tuple(
    fc.double({ min: 1, max: 4e9, noNaN: true }),
    fc.double({ min: 0, max: 1e9, noNaN: true }),
  ),
  anyOf<HrTime>([0, 0], [0, 1], [1, 0], [1, 999_999_999], [1, 1e9], [9_007_199_254, 1]),
);
const hostileTime: fc.Arbitrary<HrTime> = fc.oneof(
  soundTime,
  fc.tuple(fc.integer({ min: -10, max: 10 }), fc.integer({ min: -3_000_000_000, max: 3e9 })),
  fc.tuple(fc.double(), fc.double()),
  anyOf<HrTime>([18_446_744_073, 709_551_615], [18_446_744_073, 709_551_616], [-1, 1e9], [1e12, 0]),
);

/** Any value of an attribute. */
function anyValue({ text, number, odd }: Parts): fc.Arbitrary<unknown> {
  const plain = fc.oneof(
    { weight: 4, arbitrary: text },
    { weight: 4, arbitrary: number },
    { weight: 2, arbitrary: fc.boolean() },
    { weight: 1, arbitrary: anyOf(null, undefined) },
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
    fc.tuple(text, fc.constant(4_000)).map(([one, times]) =>
      [...one].slice(0, 2).join("").repeat(times)
    ),
    fc.constant(Array.from({ length: 500 }, (_, i) => i)),
    fc.constant(Array.from({ length: 100 }, (_, i) => ({ [`key${i}`]: [i, `${i}`, i / 7] }))),
    fc.constant(new Uint8Array(5_000).fill(200)),
  );
  return fc.oneof(
    { weight: 20, arbitrary: plain },
    { weight: 8, arbitrary: sameKind },
    { weight: 5, arbitrary: nested },
    { weight: 5, arbitrary: odd },
    { weight: 5, arbitrary: fc.array(fc.oneof(plain, odd), { maxLength: 5 }) },
    { weight: 1, arbitrary: huge },
  );
}

const hex = (digits: number) =>
  fc.array(fc.constantFrom(..."0123456789abcdef"), { minLength: digits, maxLength: digits })
    .map((list) => list.join("")).filter((id) => !/^0+$/.test(id));
const spanContext = fc.record({
  traceId: hex(32),
  spanId: hex(16),
  traceFlags: fc.nat(255),
  isRemote: fc.boolean(),
  traceState: fc.constantFrom("", "a=b", "a=b,c=d", "not one").map(createTraceState),
}, { requiredKeys: ["traceId", "spanId", "traceFlags"] });

const brokenContext = fc.tuple(
  spanContext,
  fc.oneof(
    fc.record({ traceId: fc.oneof(hostileText, hex(31), fc.constant("0".repeat(32))) }),
    fc.record({ spanId: fc.oneof(hostileText, hex(17), fc.constant("0".repeat(16))) }),
    spanContext.map(({ traceId }) => ({ traceId: traceId.toUpperCase() })),
  ),
).map(([sound, broken]) => ({ ...sound, ...broken }));

const count = fc.nat(1_000_000);
const optional = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });

/** One batch, whose spans share a few services and libraries. */
function batchOf(parts: Parts): fc.Arbitrary<readonly ReadableSpan[]> {
  const { text, time } = parts;
  const attributes = fc.dictionary(text, anyValue(parts), { maxKeys: 6 });
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
  const more = { attributes: optional(attributes), droppedAttributesCount: optional(count) };
  const span = (resources: readonly SpanResource[], scopes: readonly SpanScope[]) =>
    fc.record<ReadableSpan>({
      name: text,
      kind: anyOf(0, 1, 2, 3, 4, undefined as unknown as SpanKind),
      spanContext: spanContext.map((made) => () => made),
      parentSpanContext: optional(parts.linkContext),
      startTime: time,
      endTime: time,
      status: fc.record({ code: anyOf(0, 1, 2), message: text }, { requiredKeys: ["code"] }),
      attributes,
      links: fc.array(fc.record({ context: parts.linkContext, ...more }), { maxLength: 3 }),
      events: fc.array(fc.record({ name: text, time, ...more }), { maxLength: 3 }),
      resource: anyOf(...resources),
      instrumentationScope: anyOf(...scopes),
      droppedAttributesCount: count,
      droppedEventsCount: count,
      droppedLinksCount: count,
    }).map((span) => ({ ...span, endTime: parts.endOf(span.startTime, span.endTime) }));
  return fc
    .tuple(
      fc.array(resource, { minLength: 1, maxLength: 3 }),
      fc.array(scope, { minLength: 1, maxLength: 4 }),
    )
    .chain(([resources, scopes]) => fc.array(span(resources, scopes), { maxLength: 8 }));
}

/** A batch that every exporter can send as it is. */
export const soundBatch: fc.Arbitrary<readonly ReadableSpan[]> = batchOf({
  text: soundText,
  number: soundNumber,
  odd: soundOdd,
  time: soundTime,
  endOf: ([seconds, nanos], drawn) => [seconds + Math.trunc(drawn[0]), nanos],
  linkContext: spanContext,
});

/** A batch with what a careless application, or a hostile caller of it, may put into spans. */
export const hostileBatch: fc.Arbitrary<readonly ReadableSpan[]> = batchOf({
  text: hostileText,
  number: hostileNumber,
  odd: hostileOdd,
  time: hostileTime,
  endOf: (_, drawn) => drawn,
  linkContext: fc.oneof(spanContext, brokenContext),
});
