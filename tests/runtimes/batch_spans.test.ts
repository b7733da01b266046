import type { ReadableSpan } from "@opentelemetry/sdk-trace";
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { job, JobQueue, memory } from "../../mod.ts";
import { recordSpans } from "./recorded_spans.ts";

describe("the span of a call that enqueues several jobs", () => {
  test("it links to each of a thousand, and none of their spans ends later", async () => {
    const { spans, tracing } = await recordSpans();
    const queue = new JobQueue<Record<string, number>>({ store: memory() });
    for (let round = 0; round < 20; round++) {
      spans.clear();
      await queue.enqueue(Array.from({ length: round === 0 ? 1_000 : 3 }, (_, i) => job("a", i)));
      const send = spans.one("send a");
      const creates = spans.all("create a");
      assert.deepEqual(
        send.links.map(({ context }) => context.spanId),
        creates.map((span) => span.spanContext().spanId),
      );
      assert.equal(send.droppedLinksCount, 0);
      assert.equal(spans.ended.at(-1), send);
      const endOf = ({ endTime: [seconds, nanos] }: ReadableSpan) => seconds * 1e9 + nanos;
      for (const span of creates) {
        assert.ok(endOf(span) <= endOf(send));
        assert.ok(span.duration[0] >= 0 && span.duration[1] >= 0);
      }
    }
    await tracing.shutdown();
  });
});
