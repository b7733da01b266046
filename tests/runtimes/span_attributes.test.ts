import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { JobQueue, memory } from "../../mod.ts";
import type { SpanAttributes, SpanRuleOptions } from "../../src/signatures.ts";
import { initTracing, type Tracing } from "../../src/tracing.ts";
import { type OpenCollector, openCollector, type OtlpSpan } from "./collector.ts";

interface Shop {
  payments: { card: string; amount: number };
}

const CARD = "4111-1111-1111-1111";

describe("what spans say of a job", () => {
  let collector: OpenCollector;
  let tracing: Tracing;

  before(async () => {
    collector = await openCollector();
    tracing = await initTracing({
      env: {},
      otlpEndpoint: collector.endpoint,
      otlpHeaders: { "x-key": "secret-key" },
    });
  });
  after(() => tracing.shutdown());

  /** One payment that fails once and completes then: its spans, and the text that was sent. */
  async function pay(queueRules: SpanRuleOptions, workerRules: SpanRuleOptions = {}) {
    const queue = new JobQueue<Shop>({ store: memory(), ...queueRules });
    const sent = await queue.enqueue("payments", { card: CARD, amount: 5 }, {
      correlationId: "order-1",
      idempotencyKey: "key-of-order-1",
    });
    let attempts = 0;
    await queue.worker("payments", () => {
      if (++attempts === 1) throw new RangeError(`no money on ${CARD}`);
      return { receipt: "result-of-order-1" };
    }, { backoff: { type: "fixed", delayMs: 0 }, ...workerRules }).tick();
    await tracing.forceFlush();
    const spans = await collector.spansOf(sent.traceId);
    const text = (await collector.received()).map(({ body }) => body)
      .filter((body) => body.includes(sent.traceId)).join("\n");
    const [failed, completed] = spans.filter(({ name }) => name === "process payments");
    const send = spans.find(({ name }) => name === "send payments");
    return { sent, send: send!, failed: failed!, completed: completed!, text };
  }

  const required = {
    "messaging.system": "hammerwork",
    "messaging.destination.name": "payments",
  };

  test("is by itself neither payload nor result, header or idempotency key", async () => {
    const { text, failed } = await pay({});
    assert.match(text, /order-1/);
    for (const secret of ["amount", "result-of-order-1", "secret-key", "key-of-order-1"]) {
      assert.ok(!text.includes(secret), secret);
    }
    assert.match(failed.status.message!, /no money/, "an error's message is the handler's own");
  });

  test("is what a function adds, also from the payload", async () => {
    const spanAttributes: SpanAttributes = (attributes, { payload }) => ({
      ...attributes,
      "order.amount": (payload as Shop["payments"]).amount,
    });
    const { send, failed, completed } = await pay({ spanAttributes });
    for (const span of [send, failed, completed]) assert.equal(span.attributes["order.amount"], 5);
  });

  test("is without what a function takes out, the message of an exception too", async () => {
    const spanAttributes: SpanAttributes = (attributes, job) => {
      assert.equal(job.queueName, "payments");
      const { "messaging.message.conversation_id": _id, ...rest } = attributes;
      delete rest["exception.stacktrace"];
      if (rest["exception.message"]) rest["exception.message"] = "a payment failed";
      return rest;
    };
    const { text, failed, send } = await pay({ spanAttributes });
    assert.ok(!text.includes(CARD));
    assert.ok(!text.includes("order-1"));
    assert.equal(failed.status.message, "a payment failed");
    assert.equal(failed.attributes["error.type"], "RangeError");
    assert.deepEqual(failed.events.map(({ attributes }) => attributes), [
      { "exception.type": "RangeError", "exception.message": "a payment failed" },
    ]);
    assert.deepEqual(send.attributes, {
      ...required,
      "messaging.operation.name": "send",
      "messaging.operation.type": "send",
      "messaging.message.id": send.attributes["messaging.message.id"],
      "messaging.client.id": send.attributes["messaging.client.id"],
    });
  });

  test("is only what the conventions require when that function throws, and no job fails of it", async () => {
    const spanAttributes: SpanAttributes = () => {
      throw new Error("a bug in the redaction");
    };
    const { text, send, failed, completed } = await pay({ spanAttributes });
    assert.ok(!text.includes(CARD) && !text.includes("order-1"));
    const of = (span: OtlpSpan, operation: string) =>
      assert.deepEqual(span.attributes, {
        ...required,
        "messaging.operation.name": operation,
        "messaging.operation.type": operation,
        ...(operation === "process" && { "hammerwork.job.outcome": "completed" }),
      });
    of(send, "send");
    of(completed, "process");
    assert.equal(failed.attributes["hammerwork.job.outcome"], "failed");
    assert.equal(failed.status.message, "");
  });

  test("is decided by the worker's function before the queue's", async () => {
    const saying = (who: string): SpanAttributes => (attributes) => ({ ...attributes, who });
    const rules = { spanAttributes: saying("queue") };
    const { send, completed } = await pay(rules, { spanAttributes: saying("worker") });
    assert.deepEqual([send.attributes.who, completed.attributes.who], ["queue", "worker"]);
  });

  test("of several jobs is the number, the queue they share, and a link to each with its id", async () => {
    const queue = new JobQueue<Record<string, number>>({ store: memory() });
    const { job } = await import("../../mod.ts");
    const batches = [[job("a", 1), job("a", 2)], [job("a", 1), job("b", 2)]];
    for (const batch of batches) await queue.enqueue(batch);
    await tracing.forceFlush();
    for (const batch of batches) {
      const ids = batch.map(({ id }) => id);
      const send = (await collector.spans()).find(({ links }) =>
        links.some((link) => link.attributes["messaging.message.id"] === ids[0])
      )!;
      const isOneQueue = batch.every(({ queueName }) => queueName === "a");
      assert.equal(send.name, isOneQueue ? "send a" : "send");
      assert.equal(send.kind, 3, "CLIENT");
      const { "messaging.client.id": clientId, ...attributes } = send.attributes;
      assert.match(String(clientId), /^hammerwork-[0-9a-f]{16}$/);
      assert.deepEqual(attributes, {
        "messaging.system": "hammerwork",
        "messaging.operation.name": "send",
        "messaging.operation.type": "send",
        ...(isOneQueue && { "messaging.destination.name": "a" }),
        "messaging.batch.message_count": 2,
      });
      assert.deepEqual(send.links.map(({ attributes }) => attributes["messaging.message.id"]), ids);
    }
  });

  test("is the same client for all that one queue does, and another for another", async () => {
    const first = await pay({});
    const second = await pay({});
    const clientOf = (span: OtlpSpan) => String(span.attributes["messaging.client.id"]);
    for (const { send, failed, completed } of [first, second]) {
      assert.match(clientOf(send), /^hammerwork-[0-9a-f]{16}$/);
      assert.deepEqual([failed, completed].map(clientOf), [clientOf(send), clientOf(send)]);
    }
    assert.notEqual(clientOf(first.send), clientOf(second.send));
  });

  test("of a function that is none is refused", () => {
    const spanAttributes = "redact" as unknown as SpanAttributes;
    const message = "spanAttributes must be a function: got string";
    assert.throws(() => new JobQueue({ store: memory(), spanAttributes }), { message });
  });
});
