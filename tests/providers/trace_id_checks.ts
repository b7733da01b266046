/** Jobs that come with a trace already, or with a decision not to record it. */

import { strict as assert } from "node:assert";
import { assertBelow, type Check, newQueue, one, spansOf } from "./check.ts";
import type { SeenSpan, Stage } from "./stage.ts";

export const traceIdChecks: readonly Check[] = [
  {
    name: "a job that is given only a trace id ends in exactly that trace",
    prove: async (stage) => {
      const queue = newQueue(stage);
      const traceId = stage.library.newTraceId();
      const sent = await queue.enqueue("mail", "a", { traceId });
      assert.equal(sent.traceId, traceId);
      await queue.worker("mail", () => {}).tick();
      const spans = await spansOf(stage, traceId, 2);
      assertBegins(stage, one(spans, "send mail"), spans);
      assertBelow(one(spans, "process mail"), one(spans, "send mail"));
    },
  },
  {
    name: "a job from before any provider was registered is sampled by a worker that has one",
    applies: ({ isBuiltIn }) => !isBuiltIn,
    prove: async (stage) => {
      const { queue, id, traceId } = stage.early!;
      await queue.worker("early", () => {}).tick();
      assert.equal((await queue.get(id))!.status, "completed");
      const spans = await spansOf(stage, traceId, 1);
      assertBegins(stage, one(spans, "process early"), spans);
    },
  },
  {
    name: "a job whose caller was not sampled costs no span of ours; a foreign sampler is asked",
    applies: ({ isOurs, tellsSampling }) => isOurs || tellsSampling,
    prove: async (stage) => {
      const queue = newQueue(stage);
      const traceId = stage.library.newTraceId();
      const traceparent = `00-${traceId}-b7ad6b7169203331-00`;
      const sent = await queue.enqueue("mail", "a", { traceparent });
      assert.match(sent.traceparent!, new RegExp(`^00-${traceId}-[0-9a-f]{16}-00$`));
      let attempt: string | undefined;
      await queue.worker("mail", (_job, ctx) => {
        assert.equal(ctx.span.isRecording(), false);
        attempt = ctx.span.spanContext().spanId;
      }).tick();
      assert.equal((await queue.get(sent.id))!.status, "completed");
      await spansOf(stage, traceId, 0);
      // A span that was built and then dropped would have an id of its own.
      const isBuilt = attempt !== sent.traceparent!.slice(36, 52);
      assert.equal(isBuilt, !stage.isOurs);
      if (!stage.isOurs) {
        assert.deepEqual(stage.askedAbout!(traceId), ["send mail", "process mail"]);
      }
    },
  },
];

/**
 * Ours begins a trace of a given id with a real root. Another's provider knows no such thing: there
 * the first span has a parent that nobody made.
 */
function assertBegins(stage: Stage, first: SeenSpan, spans: readonly SeenSpan[]): void {
  if (stage.isOurs) return assert.equal(first.parentSpanId, undefined);
  assert.match(first.parentSpanId ?? "", /^[0-9a-f]{16}$/);
  assert.ok(spans.every(({ spanId }) => spanId !== first.parentSpanId));
}
