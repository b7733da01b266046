/** "Querying Jobs by Trace", line by line. */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { JobQueue, memory } from "../../mod.ts";

describe("the specification on querying", () => {
  test("Querying Jobs by Trace", async () => {
    const queue = new JobQueue<{ email_queue: number }>({ store: memory() });
    const traceId = "550e8400-e29b-41d4-a716-446655440000";
    const { id } = await queue.enqueue("email_queue", 1, {
      traceId,
      correlationId: "order-12345",
      maxAttempts: 1,
    });
    await queue.enqueue("email_queue", 2);
    await queue.worker("email_queue", ({ payload }) => {
      if (payload === 1) throw new Error("no such mailbox");
    }).tick();

    // Find jobs by trace ID
    const byTrace = await queue.find({ traceId: "550e8400-e29b-41d4-a716-446655440000" });

    // Find jobs by correlation ID
    const byCorrelation = await queue.find({ correlationId: "order-12345" });

    // Show tracing information for a specific job
    const shown = await queue.get(id);

    assert.deepEqual(byTrace.jobs.map((job) => job.id), [id]);
    assert.deepEqual(byCorrelation.jobs.map((job) => job.id), [id]);
    assert.equal(shown!.traceId, "550e8400e29b41d4a716446655440000");
    assert.equal(shown!.correlationId, "order-12345");
    assert.equal(shown!.attemptHistory[0]!.error!.message, "no such mailbox");
    for (const spelled of [traceId.toUpperCase(), traceId.replaceAll("-", "")]) {
      assert.equal((await queue.find({ traceId: spelled })).jobs.length, 1);
    }
  });
});
