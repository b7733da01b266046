import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { encodeSpans } from "../../src/tracing/export/otlp/protocol.ts";
import type { ReadableSpan } from "../../src/tracing/export/readable_span.ts";
import { encodeZipkinSpans } from "../../src/tracing/export/zipkin/protocol.ts";
import { otlpViolations } from "../otlp_protocol.ts";
import { zipkinViolations } from "../zipkin_api.ts";
import { openCollector } from "./collector.ts";
import { spanNamed } from "./span_fixtures.ts";

const context = { traceId: "c".repeat(32), spanId: "d".repeat(16), traceFlags: 1 };
const full = spanNamed("full", {
  parentSpanContext: { ...context, isRemote: true },
  attributes: { text: "a", whole: 7, part: 0.5, yes: true, list: ["a"], bytes: new Uint8Array(4) },
  links: [{ context }],
  events: [{ name: "began", time: [1_700_000_000, 1] }],
});

function encoded(spans: readonly ReadableSpan[]): string {
  return new TextDecoder().decode(encodeSpans(spans));
}

type Part = Record<string, never>;

/** A body that is good but for what `breakIt` does to its one span. */
function otlpWith(breakIt: (span: Part, body: Part) => void): string {
  const body = JSON.parse(encoded([full]));
  breakIt(body.resourceSpans[0].scopeSpans[0].spans[0], body);
  return JSON.stringify(body);
}

const put = (name: string, value: unknown) => (span: Part) =>
  Object.assign(span, { [name]: value });
const attribute = (value: unknown) => put("attributes", [{ key: "a", value }]);

describe("the collector's look at OTLP", () => {
  it("finds nothing in a good body", () => {
    assert.deepEqual(otlpViolations(otlpWith(() => {})), []);
    assert.deepEqual(otlpViolations('{"resourceSpans":[]}'), []);
  });

  const broken: Record<string, (span: Part, body: Part) => void> = {
    "a trace id that is too short": put("traceId", "c".repeat(31)),
    "a trace id in upper case": put("traceId", "C".repeat(32)),
    "a trace id of zeros": put("traceId", "0".repeat(32)),
    "a trace id in base64": put("traceId", "zMzMzMzMzMzMzMzMzMzMzA=="),
    "a missing trace id": put("traceId", undefined),
    "a span id of a trace id's length": put("spanId", "c".repeat(32)),
    "an empty parent": put("parentSpanId", ""),
    "a missing name": put("name", undefined),
    "a kind by its name": put("kind", "SPAN_KIND_CLIENT"),
    "a kind that does not exist": put("kind", 6),
    "a time as a number": put("startTimeUnixNano", 1_700_000_000_000_000_000),
    "a time below zero": put("startTimeUnixNano", "-1"),
    "a time that 64 bits cannot hold": put("endTimeUnixNano", "18446744073709551616"),
    "a time as a date": put("endTimeUnixNano", "2023-11-14T22:13:20Z"),
    "an end before the start": put("endTimeUnixNano", "1"),
    "a name in snake_case": put("trace_state", "a=b"),
    "a name that is not known": put("links2", []),
    "a count below zero": put("droppedLinksCount", -1),
    "flags above 32 bits": put("flags", 2 ** 32),
    "flags that are reserved": put("flags", 0x1000),
    "a status that does not exist": put("status", { code: 3 }),
    "a status by its name": put("status", { code: "STATUS_CODE_ERROR" }),
    "a tracestate without a value": put("traceState", "vendor"),
    "attributes as an object": put("attributes", { a: 1 }),
    "an attribute without a type": attribute("a"),
    "an attribute of two types": attribute({ stringValue: "a", intValue: 1 }),
    "an attribute of no known type": attribute({ floatValue: 1 }),
    "an integer beyond 64 bits": attribute({ intValue: "9223372036854775808" }),
    "an integer that is none": attribute({ intValue: 1.5 }),
    "an integer beyond 64 bits as a number": attribute({ intValue: 1e21 }),
    "a double that is null": attribute({ doubleValue: null }),
    "a double as any text": attribute({ doubleValue: "nan" }),
    "half a surrogate pair in a value": attribute({ stringValue: "\ud83d" }),
    "half a surrogate pair in a key": put("attributes", [{ key: "\ude00", value: {} }]),
    "half a surrogate pair in a name": put("name", "\ud83d"),
    "bytes in hex": attribute({ bytesValue: "abc" }),
    "a list without its values": attribute({ arrayValue: ["a"] }),
    "an attribute deep inside": attribute({ arrayValue: { values: [{ kvlistValue: { x: [] } }] } }),
    "two attributes of one name": put("attributes", [{ key: "a" }, { key: "a" }]),
    "a link without a span": put("links", [{ traceId: "c".repeat(32) }]),
    "an event without a time": put("events", [{ name: "began" }]),
    "a part of the body that is not known": (_, body) => Object.assign(body, { spans: [] }),
    "a body without spans": (_, body) => Object.assign(body, { resourceSpans: undefined }),
  };
  for (const [what, breakIt] of Object.entries(broken)) {
    it(`finds ${what}`, () => assert.equal(otlpViolations(otlpWith(breakIt)).length > 0, true));
  }

  it("says where, and what was expected", () => {
    assert.deepEqual(otlpViolations(otlpWith(put("kind", 9))), [
      ".resourceSpans[0].scopeSpans[0].spans[0].kind must be a whole number from 0 to 5: got 9",
    ]);
    assert.deepEqual(otlpViolations("<xml>"), ["the body must be JSON"]);
    assert.deepEqual(otlpViolations("[]"), [" must be an object: got []"]);
  });

  it("is taken at everything that comes to /v1/traces, which a test cannot overlook", async () => {
    const collector = await openCollector();
    const headers = { "content-type": "application/json" };
    const body = otlpWith(put("kind", 9));
    const response = await fetch(`${collector.endpoint}/v1/traces`, {
      method: "POST",
      headers,
      body,
    });
    assert.equal(response.status, 400);
    assert.match(await response.text(), /kind must be a whole number/);
    await assert.rejects(collector.received(), /kind must be a whole number/);
  });
});

describe("the collector's look at Zipkin's spans", () => {
  const zipkinWith = (change: (span: Part) => void) => {
    const spans = JSON.parse(encodeZipkinSpans([full]));
    change(spans[0]);
    return JSON.stringify(spans);
  };

  it("finds nothing in a good body", () => {
    assert.deepEqual(zipkinViolations(zipkinWith(() => {})), []);
    assert.deepEqual(zipkinViolations("[]"), []);
  });

  const broken: Record<string, (span: Part) => void> = {
    "a trace id that is too short": put("traceId", "c".repeat(15)),
    "a span id in upper case": put("id", "D".repeat(16)),
    "a missing id": put("id", undefined),
    "an empty parent": put("parentId", ""),
    "a kind that Zipkin does not have": put("kind", "INTERNAL"),
    "a kind as a number": put("kind", 1),
    "a time in milliseconds": put("timestamp", 1_700_000_000_000),
    "a time in nanoseconds": put("timestamp", 1_700_000_000_000_000_000),
    "a time with a fraction": put("timestamp", 1_700_000_000_000_000.5),
    "a duration of zero": put("duration", 0),
    "a duration as text": put("duration", "5"),
    "a tag that is a number": put("tags", { attempt: 1 }),
    "tags as a list": put("tags", []),
    "half a surrogate pair in a tag": put("tags", { a: "\ud83d" }),
    "half a surrogate pair in a tag's name": put("tags", { "\ud83d": "a" }),
    "an annotation without a time": put("annotations", [{ value: "began" }]),
    "an endpoint as text": put("localEndpoint", "shop"),
    "a port that is none": put("remoteEndpoint", { port: 0 }),
    "a name that is empty": put("name", ""),
    "a name that is not known": put("attributes", {}),
  };
  for (const [what, breakIt] of Object.entries(broken)) {
    it(`finds ${what}`, () => assert.equal(zipkinViolations(zipkinWith(breakIt)).length > 0, true));
  }

  it("finds an object in place of a list, such as OTLP's", () => {
    assert.equal(zipkinViolations(encoded([full])).length, 1);
  });
});
