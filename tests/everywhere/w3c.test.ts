import { createContextKey, ROOT_CONTEXT, trace } from "@opentelemetry/api";
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { under, withSpan } from "../../src/trace/only_span.ts";
import { readTraceparent } from "../../src/trace/w3c.ts";
import { anyCodePoint } from "./any_code_point.ts";

// What W3C Trace Context 3.2 says, as an expression.
const TRACEPARENT = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;

function readByExpression(text: string): unknown {
  const [, version, traceId, spanId, flags, more] = TRACEPARENT.exec(text) ?? [];
  if (version === undefined || version === "ff" || (version === "00" && more !== undefined)) {
    return undefined;
  }
  if (/^0+$/.test(traceId!) || /^0+$/.test(spanId!)) return undefined;
  return { traceId, spanId, traceFlags: parseInt(flags!, 16), isRemote: true };
}

describe("a traceparent", () => {
  const good = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

  it("is read as an expression reads it, whatever is changed, added or cut", () => {
    const version = fc.constantFrom("00", "00", "01", "cc", "ff", "FF", "0g");
    const zeros = fc.constantFrom(good, good.replace(/-0af\w+-/, `-${"0".repeat(32)}-`));
    const more = fc.constantFrom("", "", "-", "-ab", "-a\nb", "-\u2028", "ab", "\n", " ");
    const changed = fc.tuple(fc.nat(55), fc.string({ unit: anyCodePoint, maxLength: 2 }));
    const change = fc.option(changed, { freq: 1 });
    const cut = fc.oneof({ weight: 4, arbitrary: fc.constant(99) }, fc.nat(60));
    let read = 0;
    fc.assert(
      fc.property(version, zeros, more, change, cut, (version, base, more, change, cut) => {
        let text = version + base.slice(2) + more;
        if (change !== null) {
          text = text.slice(0, change[0]) + change[1] + text.slice(change[0] + 1);
        }
        text = text.slice(0, cut);
        assert.deepEqual(readTraceparent(text), readByExpression(text));
        if (readTraceparent(text) !== undefined) read++;
      }),
      { numRuns: 3_000 },
    );
    assert.ok(read > 100, `${read} were read`);
    for (let flags = 0; flags < 256; flags++) {
      const text = good.slice(0, 53) + flags.toString(16).padStart(2, "0");
      assert.equal(readTraceparent(text)?.traceFlags, flags);
    }
  });
});

describe("a context that holds only a span", () => {
  const spanContext = { traceId: "1".repeat(32), spanId: "2".repeat(16), traceFlags: 1 };
  const span = trace.wrapSpanContext(spanContext);
  const key = createContextKey("another");

  it("gives the span, and nothing else", () => {
    assert.equal(trace.getSpan(withSpan(span)), span);
    assert.equal(trace.getSpanContext(under(spanContext)), spanContext);
    assert.equal(withSpan(span).getValue(key), undefined);
  });

  it("takes another value and another span, and stays as it is", () => {
    const context = withSpan(span);
    const more = context.setValue(key, 7);
    assert.equal(more.getValue(key), 7);
    assert.equal(trace.getSpan(more), span);
    assert.equal(context.getValue(key), undefined);
    const other = trace.wrapSpanContext({ ...spanContext, spanId: "3".repeat(16) });
    assert.equal(trace.getSpan(trace.setSpan(context, other)), other);
    assert.equal(trace.getSpan(trace.deleteSpan(context)), undefined);
    assert.equal(trace.getSpan(context), span);
    assert.equal(context.deleteValue(key), context);
    assert.equal(trace.getSpan(ROOT_CONTEXT), undefined);
  });
});
