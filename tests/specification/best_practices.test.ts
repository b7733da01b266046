/** "Best Practices", block by block. */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { job, JobQueue, logFields, memory, newTraceId } from "../../mod.ts";

describe("the specification's best practices", () => {
  test("1. Use Correlation IDs for Business Processes", async () => {
    const queue = new JobQueue<{ process_order: { items: number } }>({ store: memory() });
    const order = { id: 12345 };
    const payload = { items: 2 };

    // Good: Use business identifiers for correlation
    const correlationId = `order-${order.id}`;
    const processOrder = job("process_order", payload, { correlationId });

    await queue.enqueue(processOrder);
    const { jobs } = await queue.find({ correlationId: "order-12345" });
    assert.deepEqual(jobs.map(({ id }) => id), [processOrder.id]);
  });

  test("2. Propagate Trace Context", async () => {
    const queue = new JobQueue<{ parent_task: null; child_task: { part: number } }>({
      store: memory(),
    });
    const parentJob = await queue.enqueue("parent_task", null, {
      traceId: newTraceId(),
      correlationId: "order-12345",
    });
    const payload = { part: 1 };

    // When creating child jobs, propagate trace context
    const childJob = job("child_task", payload, {
      traceId: parentJob.traceId,
      correlationId: parentJob.correlationId,
      parent: parentJob.id,
    });

    // Or all three at once
    const sameContext = job("child_task", payload, { parent: parentJob });

    await queue.enqueue([childJob, sameContext]);
    const { jobs } = await queue.find({ parent: parentJob });
    assert.equal(jobs.length, 2);
    for (const child of jobs) {
      assert.equal(child.traceId, parentJob.traceId);
      assert.equal(child.correlationId, "order-12345");
    }

    // Inside a handler it is automatic
    await queue.worker("parent_task", async (_job, ctx) => {
      await ctx.enqueue("child_task", payload);
    }).tick();
    const inherited = (await queue.find({ parent: parentJob })).jobs[0]!;
    assert.equal(inherited.traceId, parentJob.traceId);
    assert.equal(inherited.correlationId, "order-12345");
  });

  test("3. Use Structured Logging", async () => {
    const lines: Record<string, unknown>[] = [];
    const logger = { info: (line: object) => lines.push({ ...line }) };
    const queue = new JobQueue<{ email_queue: number }>({ store: memory() });
    const { id, traceId } = await queue.enqueue("email_queue", 1, {
      correlationId: "order-12345",
    });
    await queue.worker("email_queue", async () => {
      await Promise.resolve();

      // Include tracing information in logs
      logger.info({ ...logFields(), message: "Processing job" });
    }).tick();
    assert.deepEqual(lines, [{
      trace_id: traceId,
      correlation_id: "order-12345",
      job_id: id,
      queue: "email_queue",
      message: "Processing job",
    }]);
  });

  test("4. Monitor Trace Completion", async () => {
    const log: object[] = [];
    const processJob = (payload: number) => Promise.resolve(payload * 2);
    const queue = new JobQueue<{ parts: number }>({ store: memory() });
    const traceId = newTraceId();

    // Track when entire traces are complete
    const worker = queue.worker("parts", async (job, ctx) => {
      const result = await processJob(job.payload);

      // Log trace completion if this is the final job
      if (await ctx.isFinalJobInTrace()) {
        log.push({
          trace_id: job.traceId,
          correlation_id: job.correlationId,
          message: "Trace completed",
        });
      }

      return result;
    }, {
      concurrency: 1,
      // Two jobs that end together can both see the other; this is recorded, and once.
      onTraceComplete: ({ traceId, correlationId, epoch }) =>
        log.push({ trace_id: traceId, correlation_id: correlationId, epoch }),
    });

    for (const part of [1, 2, 3]) {
      await queue.enqueue("parts", part, { traceId, correlationId: "order-12345" });
    }
    await worker.tick();
    const ids = { trace_id: traceId, correlation_id: "order-12345" };
    assert.deepEqual(log, [{ ...ids, message: "Trace completed" }, { ...ids, epoch: 1 }]);
  });
});
