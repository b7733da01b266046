import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { readTraceparent } from "../../src/trace/span_context.ts";
import { anyCodePoint } from "../conformance/any_code_point.ts";

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
