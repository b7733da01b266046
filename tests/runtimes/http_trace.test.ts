import assert from "node:assert/strict";
import { afterEach, describe, test } from "node:test";
import { context, propagation } from "@opentelemetry/api";
import { JobQueue, memory } from "../../mod.ts";
import { get, open, post } from "./http_calls.ts";
import { endTracing, init } from "./init_tracing.ts";

const TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736";
const TRACEPARENT = `00-${TRACE_ID}-00f067aa0ba902b7-01`;
const mail = { queueName: "email_queue", payload: 1 };
const newQueue = (baggage = false) => new JobQueue({ store: memory(), baggage });

describe("a request's trace", () => {
  afterEach(endTracing);

  test("goes through the queue to the handler's own calls and to what it enqueues", async () => {
    await init();
    const queue = newQueue(true);
    const sent = await post(open(queue), "/jobs", mail, {
      traceparent: TRACEPARENT,
      tracestate: "vendor=value",
      baggage: "tenant=a",
      "x-correlation-id": "order-1",
    });
    assert.equal(sent.headers.get("x-trace-id"), TRACE_ID);
    assert.equal(sent.headers.get("x-correlation-id"), "order-1");
    assert.equal(sent.headers.get("traceparent"), sent.body.traceparent);
    assert.match(sent.body.traceparent, new RegExp(`^00-${TRACE_ID}-[0-9a-f]{16}-01$`));
    const carrier: Record<string, string> = {};
    let tenant: string | undefined;
    await queue.worker("email_queue", async (_job, ctx) => {
      propagation.inject(context.active(), carrier);
      tenant = propagation.getActiveBaggage()?.getEntry("tenant")?.value;
      await ctx.enqueue("part", 2);
    }).tick();
    assert.equal(carrier.traceparent?.slice(3, 35), TRACE_ID);
    assert.equal(carrier.tracestate, "vendor=value");
    assert.equal(tenant, "a");
    const { jobs } = await queue.find({ traceId: TRACE_ID });
    assert.deepEqual(
      jobs.map(({ queueName, correlationId }) => [queueName, correlationId]),
      [["part", "order-1"], ["email_queue", "order-1"]],
    );
  });

  test("stays that of a job that is posted as it was answered, whatever its propagation", async () => {
    const app = open(newQueue());
    for (const propagation of [undefined, "auto", "child", "link", "none"]) {
      for (const headers of [{}, { traceparent: TRACEPARENT }]) {
        const { body: { id } } = await post(app, "/jobs", { ...mail, propagation }, headers);
        const { body: answered } = await get(app, `/jobs/${id}`);
        const { status, body } = await post(open(newQueue()), "/jobs", answered);
        assert.deepEqual(
          [status, body.id, body.traceId, body.traceparent, body.propagation],
          [201, id, answered.traceId, answered.traceparent, propagation],
        );
      }
    }
  });

  test("is kept without any tracing set up", async () => {
    const { body, headers } = await post(open(newQueue()), "/jobs", mail, {
      traceparent: TRACEPARENT,
      baggage: "tenant=a",
    });
    assert.equal(body.traceId, TRACE_ID);
    assert.equal(headers.get("traceparent"), TRACEPARENT);
    assert.equal(body.baggage, undefined, "the queue carries none");
  });

  test("is a new one when what came is malformed", async () => {
    const queue = newQueue(true);
    const malformed = [
      TRACEPARENT.toUpperCase(),
      `00-${"0".repeat(32)}-00f067aa0ba902b7-01`,
      `ff-${TRACE_ID}-00f067aa0ba902b7-01`,
      `${TRACEPARENT}-more`,
      `${TRACEPARENT}, ${TRACEPARENT}`,
      "<script>",
      "",
    ];
    for (const traceparent of malformed) {
      const { status, body, headers } = await post(open(queue), "/jobs", mail, {
        traceparent,
        tracestate: ";;;=,,",
        baggage: "%%%",
        "x-correlation-id": "b".repeat(256),
      });
      assert.equal(status, 201);
      assert.notEqual(body.traceId, TRACE_ID);
      assert.deepEqual([body.correlationId, body.baggage], [undefined, undefined]);
      assert.equal(headers.get("x-trace-id"), body.traceId);
      assert.equal(headers.get("x-correlation-id"), null);
    }
  });

  test("yields to what a job says itself, in a batch one by one", async () => {
    const queue = newQueue();
    const app = open(queue);
    const parent = await queue.enqueue("parent", 1, { correlationId: "parents" });
    const traceId = "550e8400e29b41d4a716446655440000";
    const id = crypto.randomUUID();
    const { body, headers } = await post(app, "/jobs/batch", {
      jobs: [
        mail,
        { ...mail, traceId, correlationId: "own" },
        { ...mail, parentId: parent.id },
        { ...mail, id },
        { ...mail, parentId: id },
      ],
    }, { traceparent: TRACEPARENT, "x-correlation-id": "order-1" });
    assert.deepEqual(
      body.jobs.map((job: { traceId: string; correlationId: string }) => [
        job.traceId,
        job.correlationId,
      ]),
      [
        [TRACE_ID, "order-1"],
        [traceId, "own"],
        [parent.traceId, "parents"],
        [TRACE_ID, "order-1"],
        [TRACE_ID, "order-1"],
      ],
    );
    assert.equal(headers.get("x-trace-id"), null, "they have no one trace");
    const one = await post(app, "/jobs/batch", { jobs: [mail, mail] }, {
      traceparent: TRACEPARENT,
    });
    assert.equal(one.headers.get("x-trace-id"), TRACE_ID);
  });

  test("ids that no header can hold are in the body alone", async () => {
    const app = open(newQueue());
    for (const correlationId of ["Bestellung ä", "注文", " a", "a "]) {
      const { status, body, headers } = await post(app, "/jobs", { ...mail, correlationId });
      assert.deepEqual([status, body.correlationId], [201, correlationId]);
      assert.equal(headers.get("x-correlation-id"), null);
    }
  });
});
