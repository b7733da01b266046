/** "Worker Integration", "Lifecycle Event Hooks" and "Trace Context Propagation", block by block. */

import { trace } from "@opentelemetry/api";
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createJobSpan, job, type JobLifecycleEvent, JobQueue, memory } from "../../mod.ts";
import { collectSpans } from "./collected_spans.ts";

describe("the specification on workers", () => {
  const spansOf = collectSpans();

  test("Worker Integration", async () => {
    const log: string[] = [];
    const processCustomerData = (payload: unknown) => Promise.resolve(payload);
    const queue = new JobQueue<{ email_queue: { customer: number } }>({ store: memory() });

    // Create worker with lifecycle event hooks
    const worker = queue.worker("email_queue", async (job) => {
      // Job processing happens inside an automatic span
      log.push(`Processing job ${job.id} with trace_id: ${job.traceId}`);

      // Your business logic here
      await processCustomerData(job.payload);
      if (job.payload.customer === 13) throw new Error("No such customer");
    }, {
      onJobStart: ({ job, traceId, correlationId }) =>
        log.push(`Job ${job.id} started - Trace: ${traceId}, Correlation: ${correlationId}`),
      onJobComplete: ({ job, traceId, durationMs }) => {
        assert.ok(durationMs >= 0);
        log.push(`Job ${job.id} completed - Trace: ${traceId}`);
      },
      onJobFail: ({ job, traceId, error }) =>
        log.push(`Job ${job.id} failed - Trace: ${traceId}, Error: ${error.message}`),
    });

    const options = { correlationId: "order-12345", maxAttempts: 1 };
    const good = await queue.enqueue("email_queue", { customer: 1 }, options);
    await worker.tick();
    const bad = await queue.enqueue("email_queue", { customer: 13 }, options);
    await worker.tick();
    assert.deepEqual(log, [
      `Job ${good.id} started - Trace: ${good.traceId}, Correlation: order-12345`,
      `Processing job ${good.id} with trace_id: ${good.traceId}`,
      `Job ${good.id} completed - Trace: ${good.traceId}`,
      `Job ${bad.id} started - Trace: ${bad.traceId}, Correlation: order-12345`,
      `Processing job ${bad.id} with trace_id: ${bad.traceId}`,
      `Job ${bad.id} failed - Trace: ${bad.traceId}, Error: No such customer`,
    ]);
  });

  test("Lifecycle Event Hooks", async () => {
    const log: object[] = [];
    const queue = new JobQueue<{ data_processing: number }>({ store: memory() });
    const common = ({ job, traceId }: JobLifecycleEvent) => ({ job_id: job.id, trace_id: traceId });

    const worker = queue.worker("data_processing", ({ attempts, payload }) => {
      if (attempts <= payload) throw new Error(`attempt ${attempts}`);
    }, {
      // Log job start
      onJobStart: (event) =>
        log.push({
          ...common(event),
          queue: event.job.queueName,
          correlation_id: event.correlationId,
          message: "Job processing started",
        }),
      // Log successful completion
      onJobComplete: (event) =>
        log.push({
          ...common(event),
          duration: typeof event.durationMs,
          message: "Job completed successfully",
        }),
      // Log failure with error details
      onJobFail: (event) =>
        log.push({
          ...common(event),
          error: event.error.message,
          attempt: event.attempt,
          message: "Job failed",
        }),
      // Log retry attempts
      onJobRetry: (event) =>
        log.push({
          ...common(event),
          attempt: event.attempt,
          max_attempts: event.job.maxAttempts,
          message: "Job retry scheduled",
        }),
      backoff: { type: "fixed", delayMs: 0 },
    });

    const options = { correlationId: "import-7", maxAttempts: 2 };
    for (const failures of [1, 2]) {
      log.length = 0;
      const { id, traceId } = await queue.enqueue("data_processing", failures, options);
      await worker.tick();
      const ids = { job_id: id, trace_id: traceId };
      const start = {
        ...ids,
        queue: "data_processing",
        correlation_id: "import-7",
        message: "Job processing started",
      };
      assert.deepEqual(log, [
        start,
        { ...ids, attempt: 1, max_attempts: 2, message: "Job retry scheduled" },
        start,
        failures === 1
          ? { ...ids, duration: "number", message: "Job completed successfully" }
          : { ...ids, error: "attempt 2", attempt: 2, message: "Job failed" },
      ]);
    }
  });

  test("Automatic Span Creation", async () => {
    const queue = new JobQueue<{ email_queue: number }>({ store: memory() });
    const sent = await queue.enqueue("email_queue", 1);
    await queue.worker("email_queue", (_job, ctx) => {
      assert.equal(trace.getActiveSpan(), ctx.span, "the worker has created a span by itself");
    }).tick();

    // The worker creates spans like this, and so can you:
    const span = createJobSpan({ ...sent, attempts: 1 }, "job.process");
    span.end();

    const spans = await spansOf(sent.traceId);
    assert.deepEqual(
      spans.map(({ name }) => name).sort(),
      ["job.process email_queue", "process email_queue", "send email_queue"],
    );
    const [send] = spans.filter(({ name }) => name === "send email_queue");
    const below = spans.filter(({ name }) => name !== "send email_queue");
    assert.ok(below.every(({ parentSpanId }) => parentSpanId === send!.spanId));
  });

  test("Custom Span Creation", async () => {
    const done: string[] = [];
    const step = (name: string) => async () => {
      await new Promise((resolve) => setTimeout(resolve, 1));
      trace.getTracer("shop").startSpan(name).end();
      done.push(name);
    };
    const [validateOrder, processPayment, sendConfirmation] = [
      step("validate_order"),
      step("process_payment"),
      step("send_confirmation"),
    ];
    const queue = new JobQueue<{ orders: { orderId: string } }>({ store: memory() });

    const worker = queue.worker("orders", (job) =>
      // Create custom span for business logic
      trace.getTracer("shop").startActiveSpan("process_order", {
        attributes: {
          order_id: job.payload.orderId,
          trace_id: job.traceId,
          correlation_id: job.correlationId ?? "",
        },
      }, async (span) => {
        // Your business logic here
        await validateOrder();
        await processPayment();
        await sendConfirmation();
        span.end();
      }));

    const { traceId } = await queue.enqueue(
      job("orders", { orderId: "order-12345" }, { correlationId: "order-12345" }),
    );
    assert.equal((await worker.tick()).completed, 1);
    assert.deepEqual(done, ["validate_order", "process_payment", "send_confirmation"]);
    const spans = await spansOf(traceId);
    const attempt = spans.find(({ name }) => name === "process orders")!;
    const business = spans.find(({ name }) => name === "process_order")!;
    assert.equal(business.parentSpanId, attempt.spanId);
    assert.deepEqual(business.attributes, {
      order_id: "order-12345",
      trace_id: traceId,
      correlation_id: "order-12345",
    });
    for (const name of done) {
      assert.equal(spans.find((span) => span.name === name)!.parentSpanId, business.spanId);
    }
  });
});
