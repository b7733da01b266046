/** "Creating Traced Jobs", block by block. */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  correlationIdFrom,
  job,
  JobQueue,
  memory,
  newCorrelationId,
  newTraceId,
  WorkerPool,
} from "../../mod.ts";
import { collectSpans } from "./collected_spans.ts";

describe("the specification on creating traced jobs", () => {
  const spansOf = collectSpans();

  test("Basic Tracing", async () => {
    const queue = new JobQueue<{ email_queue: { to: string; subject: string } }>({
      store: memory(),
    });

    // Generate trace and correlation IDs
    const traceId = newTraceId();
    const correlationId = newCorrelationId();

    // Create a job with tracing information
    const email = job("email_queue", {
      to: "user@example.com",
      subject: "Welcome to our service",
    }, { traceId, correlationId });

    const enqueued = await queue.enqueue(email);

    assert.equal(enqueued.traceId, traceId);
    assert.equal(enqueued.correlationId, correlationId);
    const [send] = await spansOf(traceId);
    assert.equal(send!.name, "send email_queue");
    assert.equal(send!.parentSpanId, undefined, "a trace with exactly that id and a real root");
    assert.equal(send!.attributes["messaging.message.conversation_id"], correlationId);
  });

  test("Business Process Correlation", async () => {
    interface Shop {
      payment_queue: { orderId: string; amount: number; currency: string };
      email_queue: { orderId: string; template: string; customerEmail: string };
      inventory_queue: { orderId: string; items: { sku: string; quantity: number }[] };
    }
    const queue = new JobQueue<Shop>({ store: memory() });

    // Order processing workflow
    const orderId = "order-12345";
    const traceId = newTraceId();
    const correlationId = correlationIdFrom(orderId);

    // Payment processing job
    const payment = job("payment_queue", { orderId, amount: 299.99, currency: "USD" }, {
      traceId,
      correlationId,
    });

    // Email confirmation job (depends on payment)
    const email = job("email_queue", {
      orderId,
      template: "order_confirmation",
      customerEmail: "customer@example.com",
    }, { traceId, correlationId, dependsOn: [payment] });

    // Inventory update job (also depends on payment)
    const inventory = job("inventory_queue", {
      orderId,
      items: [{ sku: "PROD-001", quantity: 2 }],
    }, { traceId, correlationId, dependsOn: [payment] });

    // Enqueue all jobs: all of them or none
    await queue.enqueue([payment, email, inventory]);

    const order: string[] = [];
    await new WorkerPool([
      queue.worker("payment_queue", () => void order.push("payment")),
      queue.worker("email_queue", () => void order.push("email")),
      queue.worker("inventory_queue", () => void order.push("inventory")),
    ]).tick();
    assert.equal(order[0], "payment");
    assert.deepEqual([...order].sort(), ["email", "inventory", "payment"]);
    for (const filter of [{ traceId }, { correlationId }]) {
      assert.equal((await queue.find(filter)).jobs.length, 3);
    }
    const spans = await spansOf(traceId);
    assert.equal(spans.filter(({ parentSpanId }) => parentSpanId === undefined).length, 1);
    const paid = spans.find(({ name }) => name === "process payment_queue")!;
    for (const name of ["process email_queue", "process inventory_queue"]) {
      const [link] = spans.find((span) => span.name === name)!.links;
      assert.equal(link!.spanId, paid.spanId, "a dependent links to what it depended on");
    }
  });

  test("Business Process Correlation, one enqueue after the other", async () => {
    const queue = new JobQueue<Record<string, { orderId: string }>>({ store: memory() });
    const order = { traceId: newTraceId(), correlationId: correlationIdFrom("order-12346") };
    const payload = { orderId: "order-12346" };
    const payment = job("payment_queue", payload, order);
    await queue.enqueue(payment);
    await queue.enqueue(job("email_queue", payload, { ...order, dependsOn: [payment.id] }));
    await queue.enqueue(job("inventory_queue", payload, { ...order, dependsOn: [payment.id] }));
    const { jobs } = await queue.find({ traceId: order.traceId });
    assert.deepEqual(jobs.map(({ status }) => status), ["blocked", "blocked", "ready"]);
  });

  test("Hierarchical Tracing", async () => {
    interface Imports {
      data_import: { source: string; batchSize: number };
      process_batch: { batchId: number; startRow: number; endRow: number };
    }
    const queue = new JobQueue<Imports>({ store: memory() });
    const traceId = newTraceId();

    // Parent job
    const { id: parentId } = await queue.enqueue("data_import", {
      source: "customer_data.csv",
      batchSize: 1000,
    }, { traceId, correlationId: "batch-import-001" });

    // Child jobs with parent relationship
    for (let i = 0; i < 10; i++) {
      await queue.enqueue("process_batch", {
        batchId: i,
        startRow: i * 1000,
        endRow: (i + 1) * 1000,
      }, { traceId, correlationId: "batch-import-001", parent: parentId });
    }

    const { jobs } = await queue.find({ parent: parentId });
    assert.equal(jobs.length, 10);
    const spans = await spansOf(traceId);
    const parent = spans.find(({ name }) => name === "send data_import")!;
    const children = spans.filter(({ name }) => name === "send process_batch");
    assert.equal(children.length, 10);
    for (const child of children) {
      assert.equal(child.parentSpanId, parent.spanId);
      assert.equal(child.attributes["hammerwork.job.parent_id"], parentId);
    }
  });
});
