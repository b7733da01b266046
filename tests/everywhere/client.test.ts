import { context, trace } from "@opentelemetry/api";
import assert from "node:assert/strict";
import { afterEach, describe, test } from "node:test";
import { job, JobQueue, memory, newTraceId } from "../../mod.ts";
import { JobClient, JobClientError } from "../../src/client.ts";
import { bearerToken, jobRouter } from "../../src/http.ts";
import type { Tracing } from "../../src/tracing.ts";
import { keepSpans, parentOf } from "./kept_spans.ts";

interface Shop {
  payments: { amount: number };
  mails: { to: string };
}

/** A queue behind its router, and a client of it. */
function scene() {
  const queue = new JobQueue<Shop>({ store: memory() });
  const authorize = bearerToken({ read: "reader", write: "writer" });
  const router = jobRouter(queue, { authorize });
  const clientOf = (token: string) =>
    new JobClient<Shop>({
      url: "http://jobs.example/queue/",
      headers: { authorization: `Bearer ${token}` },
      fetch: (request) => router.fetch(new Request(request.url.replace("/queue/", "/"), request)),
    });
  return { queue, client: clientOf("writer"), reader: clientOf("reader"), clientOf };
}

/** JSON knows no `undefined`: what is not there and what is undefined are the same here. */
function stated(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(stated);
  if (typeof value !== "object" || value === null || value instanceof Date) return value;
  const entries = Object.entries(value).filter(([, one]) => one !== undefined);
  return Object.fromEntries(entries.map(([name, one]) => [name, stated(one)]));
}

describe("a client of a router", () => {
  test("enqueues one job, a made one and several, as the queue itself does", async () => {
    const { queue, client } = scene();
    const one = await client.enqueue("payments", { amount: 5 }, { correlationId: "order-1" });
    const made = job("payments", { amount: 6 }, { idempotencyKey: "key", runAt: new Date(4e12) });
    const kept = await client.enqueue(made);
    const again = await client.enqueue("payments", { amount: 7 }, { idempotencyKey: "key" });
    const mail = job("mails", { to: "a@example.com" }, { dependsOn: [one] });
    const [first, second] = await client.enqueue([mail, job("payments", { amount: 8 })]);
    const { jobs: [stored] } = await queue.find({ correlationId: "order-1" });
    assert.deepEqual(stated(one), stated({ ...stored, deduplicated: false }));
    assert.equal(kept.id, made.id);
    assert.deepEqual([kept.status, kept.runAt], ["scheduled", new Date(4e12)]);
    assert.deepEqual([again.id, again.deduplicated, one.deduplicated], [made.id, true, false]);
    assert.deepEqual([first!.id, first!.dependsOn], [mail.id, [one.id]]);
    assert.equal(second!.queueName, "payments");
    assert.deepEqual(await client.enqueue([]), []);
  });

  test("finds, gets, counts and draws trees with the values that the queue gives", async () => {
    const { queue, client } = scene();
    const { traceId } = await client.enqueue("payments", { amount: 1 }, {
      correlationId: "order-1",
    });
    let attempts = 0;
    await queue.worker("payments", async (_job, ctx) => {
      if (++attempts === 1) throw new Error("no money");
      await ctx.enqueue("mails", { to: "a@example.com" });
    }, { backoff: { type: "fixed", delayMs: 0 } }).tick();
    const filter = { traceId, status: ["completed", "ready"], limit: 1 } as const;
    const page = await client.find(filter);
    assert.deepEqual(stated(page), stated(await queue.find(filter)));
    assert.equal(page.jobs[0]?.queueName, "mails");
    const rest = await client.find({ ...filter, cursor: page.nextCursor });
    const got = await client.get(rest.jobs[0]!.id);
    assert.deepEqual(stated(got), stated(await queue.get(got!.id)));
    assert.equal(got!.failedAttempts[0]?.error?.message, "no money");
    for (const whole of [{ traceId }, { correlationId: "order-1" }]) {
      assert.deepEqual(stated(await client.tree(whole)), stated(await queue.tree(whole)));
    }
    assert.deepEqual(await client.counts(), await queue.counts());
    const lately = await client.counts({ endedWithinMs: 3_600_000 });
    assert.deepEqual(lately, [{ queueName: "payments", status: "completed", count: 1 }]);
    const { queues } = await client.health();
    assert.deepEqual(queues.map((one) => one.queueName), ["mails"]);
  });

  test("cancels and retries, and says how a job stands with which nothing can be done", async () => {
    const { client, queue } = scene();
    const { id } = await client.enqueue("payments", { amount: 1 });
    const early = (await client.retry(id))!;
    assert.deepEqual([early.job.status, early.changed], ["ready", false]);
    assert.equal(early.reason, "Only a failed or cancelled job can be retried: this one is ready");
    const reason = "The customer changed their mind";
    const { job: cancelled, changed } = (await client.cancel(id, { reason }))!;
    assert.deepEqual(
      [cancelled.status, cancelled.error?.message, changed],
      ["cancelled", reason, true],
    );
    assert.deepEqual(stated(await client.cancel(id)), stated(await queue.cancel(id)));
    const retried = (await client.retry(id))!;
    assert.deepEqual([retried.job.status, retried.changed], ["ready", true]);
    await assert.rejects(client.cancel(id, { why: "" } as never), TypeError);
    const nobody = crypto.randomUUID();
    assert.deepEqual(
      [await client.get(nobody), await client.cancel(nobody), await client.retry(nobody)],
      [undefined, undefined, undefined],
    );
  });

  test("rejects with what the router says: the code, the sentence and the path", async () => {
    const { client, reader, clientOf } = scene();
    await assert.rejects(
      client.enqueue([job("payments", { amount: 1 }), {
        ...job("mails", { to: "" }),
        priority: 1e9,
      }]),
      (error: JobClientError) => {
        assert.ok(error instanceof JobClientError);
        assert.deepEqual([error.code, error.status], ["invalid_input", 400]);
        assert.match(error.path!, /priority/);
        assert.match(error.message, /priority must be a whole number/);
        return true;
      },
    );
    await assert.rejects(
      client.counts({ endedWithinMs: 0 }),
      { code: "invalid_input", path: "endedWithinMs" },
    );
    await assert.rejects(reader.enqueue("mails", { to: "a" }), { code: "forbidden", status: 403 });
    await assert.rejects(clientOf("nobody").find(), { code: "unauthorized", status: 401 });
    const broken = (answer: () => Response | Promise<Response>) =>
      new JobClient<Shop>({ url: "http://jobs.example", fetch: answer });
    await assert.rejects(
      broken(() => Promise.reject(new TypeError("fetch failed"))).counts(),
      { name: "JobClientError", code: "unavailable", message: "The job router did not answer" },
    );
    await assert.rejects(
      broken(() => new Response("<html>", { status: 502 })).counts(),
      { code: "internal", status: 502, message: "The job router answered 502" },
    );
    assert.throws(() => new JobClient({ url: "jobs" }), TypeError);
  });
});

describe("the trace of a client's caller", () => {
  let tracing: Tracing | undefined;
  afterEach(async () => await tracing?.shutdown());

  test("goes on in the jobs that it enqueues", async () => {
    const kept = await keepSpans();
    tracing = kept.tracing;
    const { client } = scene();
    const request = trace.getTracer("shop").startSpan("POST /orders");
    const sent = await context.with(
      trace.setSpan(context.active(), request),
      () => client.enqueue("payments", { amount: 1 }),
    );
    request.end();
    assert.equal(sent.traceId, request.spanContext().traceId);
    assert.equal(parentOf(kept.spans.one("send payments")), request.spanContext().spanId);
  });

  test("and its business process, from a handler of another queue, without tracing too", async () => {
    const { queue, client } = scene();
    const here = new JobQueue<{ orders: number }>({ store: memory() });
    const traceId = newTraceId();
    await here.enqueue("orders", 1, { traceId, correlationId: "order-1" });
    await here.worker("orders", async () => {
      await Promise.resolve();
      await client.enqueue("payments", { amount: 1 });
    }).tick();
    const { jobs } = await queue.find({ traceId, correlationId: "order-1" });
    assert.equal(jobs.length, 1);
  });
});
