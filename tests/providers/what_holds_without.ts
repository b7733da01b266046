/** What holds where no span can be made: ids are made, stored and found, and every job runs. */

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Library, TextQueue } from "./stage.ts";

/** Registers the tests. */
export function proveAllWithoutSpans({ job, JobQueue, memory, newTraceId }: Library): void {
  const newQueue = (): TextQueue => new JobQueue({ store: memory() });

  test("a job gets a trace id, by which it is found, and no traceparent", async () => {
    const queue = newQueue();
    const sent = await queue.enqueue("mail", "a", { correlationId: "order-1" });
    assert.match(sent.traceId, /^(?!0+$)[0-9a-f]{32}$/);
    assert.equal(sent.traceparent, undefined);
    let ran = 0;
    await queue.worker("mail", (_job, ctx) => {
      ran++;
      assert.equal(ctx.span.isRecording(), false);
    }).tick();
    assert.equal(ran, 1);
    for (const filter of [{ traceId: sent.traceId }, { correlationId: "order-1" }]) {
      const { jobs } = await queue.find(filter);
      assert.deepEqual(jobs.map(({ id, status }) => [id, status]), [[sent.id, "completed"]]);
    }
    assert.equal((await queue.get(sent.id))!.traceId, sent.traceId);
  });

  test("a given trace id and a caller's traceparent are kept as they came", async () => {
    const queue = newQueue();
    const traceId = newTraceId();
    assert.equal((await queue.enqueue("mail", "a", { traceId })).traceId, traceId);
    const traceparent = `00-${newTraceId()}-b7ad6b7169203331-01`;
    const passedOn = await queue.enqueue("mail", "a", { traceparent });
    assert.equal(passedOn.traceparent, traceparent);
    assert.equal(passedOn.traceId, traceparent.slice(3, 35));
  });

  test("what a handler enqueues, by ctx or after a timer by the queue, is of its trace", async () => {
    const queue = newQueue();
    const parent = await queue.enqueue("import", "a");
    await queue.worker("import", async (_job, ctx) => {
      await new Promise((resolve) => setTimeout(resolve, 2));
      await ctx.enqueue("part", "1");
      await queue.enqueue("part", "2");
    }).tick();
    await queue.worker("part", () => {}).tick();
    const { jobs } = await queue.find({ traceId: parent.traceId });
    assert.equal(jobs.length, 3);
    assert.ok(jobs.every(({ status }) => status === "completed"));
    const parts = jobs.filter(({ queueName }) => queueName === "part");
    assert.deepEqual(parts.map(({ parentId }) => parentId), [parent.id, parent.id]);
  });

  test("the jobs of a graph share a trace; a failed one is tried again", async () => {
    const queue = newQueue();
    const payment = job("payment", "p");
    const mail = job("mail", "m", { dependsOn: [payment] });
    const [first, second] = await queue.enqueue([payment, mail]);
    assert.equal(first!.traceId, second!.traceId);
    let attempts = 0;
    const worker = queue.worker("payment", () => {
      if (++attempts === 1) throw new Error("no");
    }, { backoff: { type: "fixed", delayMs: 0 } });
    while (attempts < 2) await worker.tick();
    await queue.worker("mail", () => {}).tick();
    assert.equal((await queue.get(mail.id))!.status, "completed");
    const { attemptHistory } = (await queue.get(payment.id))!;
    assert.deepEqual(attemptHistory.map(({ outcome }) => outcome), ["failed", "completed"]);
  });
}
