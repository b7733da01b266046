import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { context, SpanKind, SpanStatusCode, trace } from "@opentelemetry/api";
import { job, JobQueue, memory, newTraceId, NonRetryableError, WorkerPool } from "../../mod.ts";
import { initTracing, type Tracing } from "../../src/tracing.ts";
import { type OpenCollector, openCollector, type OtlpSpan } from "./collector.ts";

interface Shop {
  payment_queue: { amount: number };
  email_queue: { to: string };
  inventory_queue: { sku: string };
  data_import: number;
  process_batch: number;
}

const PRODUCER = 4;
const CONSUMER = 5;
const CLIENT = 3;

describe("spans on a real server", () => {
  let collector: OpenCollector;
  let tracing: Tracing;

  before(async () => {
    collector = await openCollector();
    tracing = await initTracing({ serviceName: "shop", otlpEndpoint: collector.endpoint });
  });
  after(() => tracing.shutdown());

  async function spansOf(traceId: string): Promise<readonly OtlpSpan[]> {
    await tracing.forceFlush();
    return await collector.spansOf(traceId);
  }

  const pick = (spans: readonly OtlpSpan[], name: string): OtlpSpan => {
    const found = spans.filter((span) => span.name === name);
    assert.equal(found.length, 1, `one span "${name}" in: ${spans.map((span) => span.name)}`);
    return found[0]!;
  };

  test("a single job is a send span and a process span under it, by the messaging conventions", async () => {
    const queue = new JobQueue<Shop>({ store: memory() });
    const sent = await queue.enqueue("email_queue", { to: "a@example.com" }, {
      correlationId: "order-1",
    });
    await queue.worker("email_queue", () => {}).tick();
    const spans = await spansOf(sent.traceId);
    const send = pick(spans, "send email_queue");
    const process = pick(spans, "process email_queue");
    assert.equal(spans.length, 2);
    assert.equal(send.kind, PRODUCER);
    assert.equal(send.parentSpanId, undefined);
    assert.equal(process.kind, CONSUMER);
    assert.equal(process.parentSpanId, send.spanId);
    assert.equal(sent.traceparent, `00-${send.traceId}-${send.spanId}-01`);
    const {
      ["hammerwork.job.wait_ms"]: waitMs,
      ["messaging.client.id"]: clientId,
      ["hammerwork.worker.name"]: workerName,
      ...attributes
    } = process.attributes;
    assert.ok(Number(waitMs) >= 0);
    assert.equal(workerName, (await queue.get(sent.id))?.workerName);
    assert.equal(clientId, send.attributes["messaging.client.id"]);
    assert.deepEqual(attributes, {
      "messaging.system": "hammerwork",
      "messaging.operation.name": "process",
      "messaging.operation.type": "process",
      "messaging.destination.name": "email_queue",
      "messaging.message.id": sent.id,
      "messaging.message.conversation_id": "order-1",
      "hammerwork.job.attempt": 1,
      "hammerwork.job.max_attempts": 3,
      "hammerwork.job.outcome": "completed",
    });
    assert.equal(process.resource["service.name"], "shop");
  });

  test("the order workflow is one tree: one root, a create and a process span for each job", async () => {
    const queue = new JobQueue<Shop>({ store: memory() });
    const traceId = newTraceId();
    const order = { traceId, correlationId: "order-12345" };
    const payment = job("payment_queue", { amount: 299.99 }, order);
    const email = job("email_queue", { to: "c@example.com" }, { ...order, dependsOn: [payment] });
    const inventory = job("inventory_queue", { sku: "PROD-001" }, {
      ...order,
      dependsOn: [payment],
    });
    await queue.enqueue([payment, email, inventory]);
    const pool = new WorkerPool([
      queue.worker("payment_queue", () => {}),
      queue.worker("email_queue", () => {}),
      queue.worker("inventory_queue", () => {}),
    ]);
    await pool.tick();
    const spans = await spansOf(traceId);
    assert.equal(spans.length, 7);
    const send = pick(spans, "send");
    assert.deepEqual([send.kind, send.parentSpanId], [CLIENT, undefined]);
    assert.equal(send.attributes["messaging.batch.message_count"], 3);
    const creates = ["payment_queue", "email_queue", "inventory_queue"].map((queueName) => {
      const create = pick(spans, `create ${queueName}`);
      const process = pick(spans, `process ${queueName}`);
      assert.deepEqual([create.kind, create.parentSpanId], [PRODUCER, send.spanId]);
      assert.equal(process.parentSpanId, create.spanId);
      assert.equal(process.attributes["messaging.message.conversation_id"], "order-12345");
      return create.spanId;
    });
    assert.deepEqual(send.links.map(({ spanId }) => spanId), creates);
    const end = pick(spans, "process payment_queue").endTimeUnixNano;
    assert.ok(
      BigInt(pick(spans, "process email_queue").startTimeUnixNano) >= BigInt(end) - 1_000_000n,
    );
  });

  test("children and the handler's own spans hang below the attempt, also after awaits", async () => {
    const queue = new JobQueue<Shop>({ store: memory() });
    const importer = queue.worker("data_import", async (_job, ctx) => {
      await new Promise((resolve) => setTimeout(resolve, 1));
      const own = trace.getTracer("shop").startSpan("read file");
      await context.with(trace.setSpan(context.active(), own), async () => {
        await Promise.resolve();
        await queue.enqueue("process_batch", 1);
      });
      own.end();
      await ctx.enqueue("process_batch", 2);
    });
    const parent = await queue.enqueue("data_import", 1);
    await importer.tick();
    await queue.worker("process_batch", () => {}).tick();
    const spans = await spansOf(parent.traceId);
    const attempt = pick(spans, "process data_import");
    const own = pick(spans, "read file");
    assert.equal(own.parentSpanId, attempt.spanId);
    const sends = spans.filter(({ name }) => name === "send process_batch");
    assert.deepEqual(sends.map(({ parentSpanId }) => parentSpanId), [own.spanId, attempt.spanId]);
    const parts = spans.filter(({ name }) => name === "process process_batch");
    assert.deepEqual(
      parts.map(({ parentSpanId }) => parentSpanId).sort(),
      sends.map(({ spanId }) => spanId).sort(),
    );
    assert.ok(parts.every((part) => part.attributes["hammerwork.job.parent_id"] === parent.id));
  });

  test("a failed attempt has an error status, its type and its exception; the next one has none", async () => {
    const queue = new JobQueue<Shop>({ store: memory() });
    const { traceId, id } = await queue.enqueue("payment_queue", { amount: 1 });
    let attempts = 0;
    await queue.worker("payment_queue", () => {
      if (++attempts === 1) throw new RangeError("503 from the gateway");
    }, { backoff: { type: "fixed", delayMs: 0 } }).tick();
    const spans = (await spansOf(traceId)).filter(({ name }) => name === "process payment_queue");
    const [failed, completed] = spans;
    assert.equal(spans.length, 2);
    assert.deepEqual(failed?.status, { code: 2, message: "503 from the gateway" });
    assert.equal(failed?.attributes["error.type"], "RangeError");
    assert.equal(failed?.attributes["hammerwork.job.outcome"], "failed");
    assert.equal(failed?.events[0]?.attributes["exception.message"], "503 from the gateway");
    assert.equal(completed?.attributes["hammerwork.job.attempt"], 2);
    assert.notEqual(completed?.status.code, 2);
    assert.equal(completed?.attributes["error.type"], undefined);
    const [attempt] = (await queue.get(id))?.attemptHistory ?? [];
    assert.equal(attempt?.traceparent, `00-${traceId}-${failed?.spanId}-01`);
  });

  test("each started span ends exactly once, whatever becomes of the attempt", async () => {
    const queue = new JobQueue<Record<string, string>>({ store: memory() });
    const { traceId } = await queue.enqueue("all", "parent");
    const kinds = ["return", "throw", "give up", "throw undefined", "hang", "cancel"];
    for (const kind of kinds) await queue.enqueue("all", kind, { traceId, maxAttempts: 1 });
    const worker = queue.worker("all", async ({ id, payload }) => {
      if (payload === "throw") throw new Error(payload);
      if (payload === "give up") throw new NonRetryableError(payload);
      if (payload === "throw undefined") throw undefined;
      if (payload === "cancel") await queue.cancel(id);
      if (payload === "hang" || payload === "cancel") await new Promise(() => {});
    }, {
      timeoutMs: 200,
      leaseMs: 100,
      onJobComplete: () => {
        throw new Error("a hook that throws");
      },
      onError: () => {},
    });
    await worker.tick();
    const ended = (await spansOf(traceId)).filter(({ name }) => name === "process all");
    assert.deepEqual(ended.map((span) => span.attributes["hammerwork.job.outcome"]).sort(), [
      "cancelled",
      "completed",
      "completed",
      "failed",
      "failed",
      "failed",
      "timed_out",
    ]);
    assert.equal(new Set(ended.map(({ spanId }) => spanId)).size, ended.length);
    assert.equal(trace.getSpan(context.active()), undefined, "nothing is left active");
  });

  test("an enqueue joins the caller's active span, and a refused one ends its span with the error", async () => {
    const store = memory();
    const queue = new JobQueue<Shop>({ store });
    const request = trace.getTracer("http").startSpan("POST /orders", { kind: SpanKind.SERVER });
    const traceId = request.spanContext().traceId;
    await context.with(trace.setSpan(context.active(), request), async () => {
      const sent = await queue.enqueue("payment_queue", { amount: 1 });
      assert.equal(sent.traceId, traceId);
      store.add = () => Promise.reject(new RangeError("no room"));
      await assert.rejects(queue.enqueue("payment_queue", { amount: 2 }), /no room/);
    });
    request.end();
    const sends = (await spansOf(traceId)).filter(({ name }) => name === "send payment_queue");
    assert.equal(sends.length, 2);
    for (const { parentSpanId } of sends) assert.equal(parentSpanId, request.spanContext().spanId);
    assert.deepEqual(sends[1]?.status, { code: SpanStatusCode.ERROR, message: "no room" });
  });

  test("a job that was enqueued without tracing is the root of its own trace when it runs", async () => {
    const queue = new JobQueue<Shop>({ store: memory() });
    await tracing.shutdown();
    const sent = await queue.enqueue("email_queue", { to: "a@example.com" });
    assert.equal(sent.traceparent, undefined);
    tracing = await initTracing({ serviceName: "shop", otlpEndpoint: collector.endpoint });
    await queue.worker("email_queue", () => {}).tick();
    const process = pick(await spansOf(sent.traceId), "process email_queue");
    assert.equal(process.parentSpanId, undefined);
  });

  test("what was sampled out is stored as such, and the worker makes no span of it", async () => {
    await tracing.shutdown();
    tracing = await initTracing({
      serviceName: "shop",
      otlpEndpoint: collector.endpoint,
      samplingRatio: 0,
    });
    const queue = new JobQueue<Shop>({ store: memory() });
    const sent = await queue.enqueue("email_queue", { to: "a@example.com" });
    assert.match(sent.traceparent ?? "", /-00$/);
    assert.equal(sent.traceparent?.slice(3, 35), sent.traceId);
    await queue.worker("email_queue", async (_job, ctx) => {
      assert.equal(ctx.span.isRecording(), false);
      await ctx.enqueue("payment_queue", { amount: 1 });
    }).tick();
    const { jobs } = await queue.find({ traceId: sent.traceId });
    assert.equal(jobs.length, 2, "the trace is searchable all the same");
    assert.deepEqual(await spansOf(sent.traceId), []);
  });

  test("a run flushes its spans when it stops", async () => {
    await tracing.shutdown();
    tracing = await initTracing({ serviceName: "shop", otlpEndpoint: collector.endpoint });
    const queue = new JobQueue<Shop>({ store: memory() });
    const stop = new AbortController();
    const sent = await queue.enqueue("email_queue", { to: "a@example.com" });
    const worker = queue.worker("email_queue", () => stop.abort());
    await worker.run({ signal: stop.signal });
    const spans = await collector.spansOf(sent.traceId);
    assert.equal(spans.length, 2);
  });
});
