/**
 * What OTLP allows in the body of an `ExportTraceServiceRequest` as JSON: the messages of
 * `opentelemetry/proto/trace/v1/trace.proto` and `common/v1/common.proto`, in the JSON mapping of the
 * OTLP specification (ids in hex, enums as numbers, lowerCamelCase, 64-bit numbers as decimal text).
 */

import {
  all,
  type Check,
  id,
  isObject,
  list,
  object,
  text,
  violationsIn,
  where,
  whole,
} from "./json_shape.ts";

/** Every way in which a body breaks the protocol; none for a good one. */
export function otlpViolations(body: string): readonly string[] {
  return violationsIn(body, request);
}

const uint32 = whole(0, 0xffff_ffff);
const uint64 = where(
  (value) => isDecimal(value) && BigInt.asUintN(64, BigInt(value)) === BigInt(value),
  "a decimal uint64 text",
);
/** A decoder takes a number as well. */
const int64 = where(
  (value) => (isDecimal(value) || Number.isInteger(value)) && isInt64(BigInt(value as string)),
  "an int64",
);
const double = where(
  (value) =>
    (typeof value === "number" && Number.isFinite(value)) ||
    /^(NaN|-?Infinity)$/.test(String(value)),
  "a double",
);
const base64 = where(
  (value) =>
    typeof value === "string" && /^[A-Za-z0-9+/]*={0,2}$/.test(value) && value.length % 4 === 0,
  "base64",
);

const anyValue: Check = all(
  where((value) => isObject(value) && Object.keys(value).length <= 1, "one value or none"),
  (value, path, report) =>
    object({
      stringValue: text,
      boolValue: where((flag) => typeof flag === "boolean", "a boolean"),
      intValue: int64,
      doubleValue: double,
      arrayValue: object({ values: list(anyValue) }),
      kvlistValue: object({ values: attributes }),
      bytesValue: base64,
    })(value, path, report),
);

const attributes: Check = all(
  list((value, path, report) => object({ key: text, value: anyValue }, "key")(value, path, report)),
  where(
    (value) => Array.isArray(value) && new Set(value.map((one) => one?.key)).size === value.length,
    "attributes with keys that differ",
  ),
);

// Bits 0 to 7 are W3C's flags, 8 and 9 tell whether the parent is remote; the others are reserved.
const flags = whole(0, 0x3ff);
// W3C Trace Context 3.3: a list of members, each a key and a value.
const traceState = where(
  (value) =>
    typeof value === "string" && value.isWellFormed() &&
    value.split(",").every((part) => part === "" || /^[^=]+=[^=]*$/.test(part)),
  "a tracestate",
);

const event = object(
  {
    timeUnixNano: uint64,
    name: text,
    attributes,
    droppedAttributesCount: uint32,
  },
  "timeUnixNano",
  "name",
);

const link = object(
  {
    traceId: id(32),
    spanId: id(16),
    traceState,
    attributes,
    droppedAttributesCount: uint32,
    flags,
  },
  "traceId",
  "spanId",
);

const span: Check = all(
  object(
    {
      traceId: id(32),
      spanId: id(16),
      traceState,
      parentSpanId: id(16),
      flags,
      name: text,
      kind: whole(0, 5),
      startTimeUnixNano: uint64,
      endTimeUnixNano: uint64,
      attributes,
      droppedAttributesCount: uint32,
      events: list(event),
      droppedEventsCount: uint32,
      links: list(link),
      droppedLinksCount: uint32,
      status: object({ message: text, code: whole(0, 2) }),
    },
    "traceId",
    "spanId",
    "name",
    "startTimeUnixNano",
    "endTimeUnixNano",
  ),
  where(
    (value) => isObject(value) && !isBefore(value.endTimeUnixNano, value.startTimeUnixNano),
    "a span that ends after it starts",
  ),
);

const scope = object({ name: text, version: text, attributes, droppedAttributesCount: uint32 });
const resource = object({ attributes, droppedAttributesCount: uint32 });

const request = object({
  resourceSpans: list(object({
    resource,
    scopeSpans: list(object({ scope, spans: list(span), schemaUrl: text })),
    schemaUrl: text,
  })),
}, "resourceSpans");

function isDecimal(value: unknown): value is string {
  return typeof value === "string" && /^-?\d{1,20}$/.test(value);
}

function isInt64(value: bigint): boolean {
  return BigInt.asIntN(64, value) === value;
}

function isBefore(left: unknown, right: unknown): boolean {
  return isDecimal(left) && isDecimal(right) && BigInt(left) < BigInt(right);
}
