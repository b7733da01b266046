import fc from "fast-check";
import assert from "node:assert/strict";
import { test } from "node:test";
import type { ReadableSpan } from "../../src/tracing/export/readable_span.ts";
import { encodeSpans } from "../../src/tracing/export/otlp/protocol.ts";
import { spansIn } from "./otlp_spans.ts";
import { hostileBatch, soundBatch } from "./generated_spans.ts";
import { otlpViolations } from "../otlp_protocol.ts";
import { stockJson } from "./stock_json.ts";

/** What ours sends, which must be UTF-8. */
function ourBody(spans: readonly ReadableSpan[]): string {
  return new TextDecoder("utf-8", { fatal: true }).decode(encodeSpans(spans));
}

test("hundreds of sound spans are encoded as the stock exporter does, and as the protocol has it", () => {
  let compared = 0;
  fc.assert(
    fc.property(soundBatch, (spans) => {
      const body = ourBody(spans);
      assert.deepEqual(JSON.parse(body), stockJson(spans));
      assert.deepEqual(otlpViolations(body), []);
      compared += spans.length;
    }),
    { numRuns: 300 },
  );
  assert.ok(compared > 800, `${compared} spans`);
});

test("hundreds of hostile spans become what the protocol allows, and none is left out", () => {
  let sent = 0;
  fc.assert(
    fc.property(hostileBatch, (spans) => {
      const body = ourBody(spans);
      assert.deepEqual(otlpViolations(body), []);
      assert.equal(spansIn(JSON.parse(body)).length, spans.length);
      sent += spans.length;
    }),
    { numRuns: 300 },
  );
  assert.ok(sent > 800, `${sent} spans`);
});

// No clock of an SDK gives such a time.
test("of a time in fractions of the first second too", () => {
  const [span] = fc.sample(soundBatch, { seed: 1, numRuns: 100 }).flat();
  const spans = [{ ...span!, startTime: [0.5, 7] as const, endTime: [2, 0] as const }];
  assert.deepEqual(JSON.parse(ourBody(spans)), stockJson(spans));
});
