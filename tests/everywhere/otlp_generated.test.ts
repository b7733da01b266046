import fc from "fast-check";
import assert from "node:assert/strict";
import { test } from "node:test";
import type { ReadableSpan } from "../../src/export/readable_span.ts";
import { encodeSpans } from "../../src/export/otlp/encode.ts";
import { anyBatch } from "./generated_spans.ts";
import { stockJson } from "./stock_json.ts";

/** What ours sends, through the same bytes: a surrogate that stands alone is none afterwards. */
function ourJson(spans: readonly ReadableSpan[]): unknown {
  return JSON.parse(new TextDecoder().decode(encodeSpans(spans)));
}

test("thousands of generated spans are encoded exactly as the stock exporter does", () => {
  let compared = 0;
  fc.assert(
    fc.property(anyBatch, (spans) => {
      assert.deepEqual(ourJson(spans), stockJson(spans));
      compared += spans.length;
    }),
    { numRuns: 650 },
  );
  assert.ok(compared > 2_000, `${compared} spans`);
});

// No clock of an SDK gives such a time.
test("of a time in fractions of the first second too", () => {
  const [span] = fc.sample(anyBatch, { seed: 1, numRuns: 100 }).flat();
  const spans = [{ ...span!, startTime: [0.5, 7] as const }];
  assert.deepEqual(ourJson(spans), stockJson(spans));
});
