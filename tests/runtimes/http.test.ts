import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Hono } from "hono";
import { type Job, JobQueue, memory } from "../../mod.ts";
import type { QueueStats } from "../../src/signatures.ts";
import { call, errorOf, get, open, post } from "./http_calls.ts";
import { manualClock } from "../conformance/manual_clock.ts";

const newQueue = () => new JobQueue({ store: memory() });
const mail = { queueName: "email_queue", payload: { to: "a@example.com" } };

describe("the router's operations", () => {
  test("one job is stored with everything that was said of it", async () => {
    const queue = newQueue();
    const app = open(queue);
    const before = await queue.enqueue("before", 1);
    const said = {
      id: "01987654-3210-7abc-8def-0123456789ab",
      payload: [null, { deep: [1.5, "ü"] }],
      traceId: "550E8400-e29b-41d4-a716-446655440000",
      correlationId: "order-1",
      parentId: before.id,
      dependsOn: [before.id],
      onDependencyFailure: "run",
      priority: 7,
      runAt: "2099-01-31T13:00:00+01:00",
      maxAttempts: 9,
      backoff: { type: "fixed", delayMs: 50 },
      timeoutMs: 1_000,
      idempotencyKey: "once",
      propagation: "child",
    };
    const { status, body } = await post(app, "/jobs", { queueName: "email_queue", ...said });
    assert.equal(status, 201);
    const { createdAt, ...job } = body;
    assert.deepEqual(job, {
      ...said,
      queueName: "email_queue",
      traceId: "550e8400e29b41d4a716446655440000",
      runAt: "2099-01-31T12:00:00.000Z",
      status: "blocked",
      attempts: 0,
      releases: 0,
      snoozes: 0,
      deduplicated: false,
    });
    assert.ok(!Number.isNaN(Date.parse(createdAt)));
    const stored = await queue.get(said.id);
    assert.deepEqual(stored?.runAt, new Date("2099-01-31T12:00:00Z"));
  });

  test("a job can be posted as it was answered, here and at another router", async () => {
    const queue = newQueue();
    const app = open(queue);
    const parent = await queue.enqueue("a", 1, { correlationId: "order-1" });
    const { id } = await queue.enqueue("a", { n: 1 }, { parent, maxAttempts: 2, priority: 3 });
    await queue.worker("a", ({ payload }) => {
      if (payload !== 1) throw new Error("no");
    }).tick({ maxJobs: 2 });
    const { body: answered } = await get(app, `/jobs/${id}`);
    assert.equal(answered.attempts, 1);

    const again = await post(app, "/jobs", answered);
    assert.equal(again.status, 200);
    assert.deepEqual([again.body.deduplicated, again.body.attempts], [true, 1]);
    const others = open(newQueue());
    assert.equal(
      (await post(others, "/jobs", (await get(app, `/jobs/${parent.id}`)).body)).status,
      201,
    );
    const { status, body } = await post(others, "/jobs", answered);
    assert.equal(status, 201);
    const kept = ({ queueName, payload, traceId, correlationId, parentId, priority }: Job) => ({
      queueName,
      payload,
      traceId,
      correlationId,
      parentId,
      priority,
    });
    assert.deepEqual(kept(body), kept(answered));
    assert.deepEqual([body.id, body.attempts, body.error], [id, 0, undefined]);
  });

  test("a delay is the time from now", async () => {
    const clock = manualClock();
    const queue = new JobQueue({ store: memory({ now: clock.now }) });
    const { body } = await post(open(queue), "/jobs", { ...mail, delayMs: 60_000 });
    assert.equal(body.status, "scheduled");
    assert.equal(body.runAt, new Date(clock.now() + 60_000).toISOString());
  });

  test("a batch is stored whole, its jobs referring to each other, or not at all", async () => {
    const queue = newQueue();
    const app = open(queue);
    const id = crypto.randomUUID();
    const jobs = [{ ...mail, dependsOn: [id] }, { ...mail, id, queueName: "payment_queue" }];
    const { status, body } = await post(app, "/jobs/batch", { jobs });
    assert.equal(status, 201);
    assert.deepEqual(
      body.jobs.map(({ queueName, status }: { queueName: string; status: string }) => [
        queueName,
        status,
      ]),
      [["email_queue", "blocked"], ["payment_queue", "ready"]],
    );
    const bad = [mail, { ...mail, dependsOn: [id, crypto.randomUUID()] }];
    const refused = await post(app, "/jobs/batch", { jobs: bad });
    assert.deepEqual(errorOf(refused, 400), ["invalid_input", "jobs[1].dependsOn[1]"]);
    assert.equal((await queue.find()).jobs.length, 2);
  });

  test("the answer to a batch leaves out what lists leave out, that to one job does not", async () => {
    const queue = newQueue();
    const app = open(queue);
    const payload = { text: "ä".repeat(1_000) };
    const done = { queueName: "a", payload, idempotencyKey: "done" };
    const failed = { queueName: "b", payload, idempotencyKey: "failed", maxAttempts: 1 };
    await post(app, "/jobs/batch", { jobs: [done, failed] });
    await queue.worker("a", ({ payload }) => payload).tick();
    await queue.worker("b", () => {
      throw new Error("no");
    }).tick();
    const more = { queueName: "a", payload: [1, 2], correlationId: "order-1" };
    const small = { ...done, payload: 1 };
    const { status, body } = await post(app, "/jobs/batch", { jobs: [small, failed, more] });
    assert.equal(status, 201);
    const listed = (await get(app, "/jobs")).body.jobs.reverse();
    assert.deepEqual(
      body.jobs,
      [true, true, false].map((deduplicated, i) => ({ ...listed[i], deduplicated })),
    );
    const sizes = body.jobs.map(({ payloadBytes, resultBytes }: Record<string, number>) => [
      payloadBytes,
      resultBytes,
    ]);
    assert.deepEqual(sizes, [[2_011, 2_011], [2_011, undefined], [5, undefined]]);
    assert.equal("stack" in body.jobs[1].error, false);
    const one = await post(app, "/jobs", small);
    assert.deepEqual([one.status, one.body.payload, one.body.result], [200, payload, payload]);
    assert.equal("stack" in (await post(app, "/jobs", failed)).body.error, true);
  });

  test("jobs are found by each filter, page by page, newest first", async () => {
    const clock = manualClock();
    const queue = new JobQueue({ store: memory({ now: clock.now }) });
    const app = open(queue);
    const first = await queue.enqueue("a", 0, { correlationId: "order 1/ä" });
    clock.pass(1_000);
    const part = await queue.enqueue("b", 1, { parent: first, delayMs: 5 });
    const other = await queue.enqueue("a", 2);
    const found = async (query: string) => {
      const { status, body } = await get(app, `/jobs?include=payload&${query}`);
      assert.equal(status, 200);
      return body.jobs.map(({ payload }: { payload: number }) => payload);
    };
    assert.deepEqual(await found(""), [2, 1, 0]);
    assert.deepEqual(await found("queueName=a"), [2, 0]);
    assert.deepEqual(await found("queueName=a&queueName=b"), [2, 1, 0]);
    assert.deepEqual(await found(`id=${part.id}&id=${first.id}`), [1, 0]);
    assert.deepEqual(await found("status=scheduled"), [1]);
    assert.deepEqual(await found("status=scheduled&status=ready"), [2, 1, 0]);
    assert.deepEqual(await found(`traceId=${first.traceId}`), [1, 0]);
    assert.deepEqual(await found(`correlationId=${encodeURIComponent("order 1/ä")}`), [1, 0]);
    assert.deepEqual(await found(`parentId=${first.id}`), [1]);
    assert.deepEqual(await found(`createdFrom=${part.createdAt.toISOString()}`), [2, 1]);
    assert.deepEqual(await found(`createdBefore=${part.createdAt.toISOString()}`), [0]);
    assert.deepEqual(await found(`queueName=a&traceId=${other.traceId}`), [2]);
    const page = (await get(app, "/jobs?limit=2")).body;
    assert.equal(page.jobs.length, 2);
    const rest = (await get(app, `/jobs?limit=2&cursor=${page.nextCursor}`)).body;
    assert.deepEqual([rest.jobs.length, "nextCursor" in rest], [1, false]);
  });

  test("one job comes with all its attempts, an unknown one is not found", async () => {
    const queue = newQueue();
    const { id } = await queue.enqueue("a", 1, { maxAttempts: 1 });
    await queue.worker("a", () => {
      throw new RangeError("no");
    }).tick();
    const { status, body } = await get(open(queue), `/jobs/${id}`);
    assert.deepEqual([status, body.id, body.status], [200, id, "failed"]);
    assert.equal(body.attemptHistory.length, 1);
    assert.equal(body.attemptHistory[0].error.message, "no");
    const unknown = await get(open(queue), `/jobs/${crypto.randomUUID()}`);
    assert.deepEqual(errorOf(unknown, 404), ["not_found", undefined]);
    assert.deepEqual(errorOf(await get(open(queue), "/jobs/1"), 400), ["invalid_input", "id"]);
  });

  test("a trace and a business process are trees with every attempt", async () => {
    const queue = newQueue();
    const app = open(queue);
    const order = await queue.enqueue("order", 1, { correlationId: "order/1 %2F?#" });
    await queue.worker("order", async (_job, ctx) => void await ctx.enqueue("mail", 2)).tick();
    await queue.worker("mail", () => {}).tick();
    const paths = [
      ["traceId", `/traces/${order.traceId}`],
      ["traceId", `/traces/${order.traceId.toUpperCase()}`],
      ["correlationId", `/correlations/${encodeURIComponent("order/1 %2F?#")}`],
    ] as const;
    for (const [name, path] of paths) {
      const { status, body } = await get(app, path);
      assert.equal(status, 200);
      assert.equal(body[name], order[name]);
      assert.equal("jobs" in body, false, "each job is in the tree once");
      assert.ok(body.startedAt <= body.finishedAt);
      const [root, ...others] = body.roots;
      assert.equal(others.length, 0);
      assert.equal(root.job.id, order.id);
      assert.equal(root.attempts[0].outcome, "completed");
      assert.equal(root.children[0].job.queueName, "mail");
    }
    const none = (await get(app, "/correlations/none")).body;
    assert.deepEqual(none, { correlationId: "none", roots: [] });
    const page = (await get(app, `/traces/${order.traceId}?limit=1`)).body;
    assert.equal(page.roots.length, 1);
    const rest = (await get(app, `/traces/${order.traceId}?cursor=${page.nextCursor}`)).body;
    assert.equal(rest.roots[0].job.id, order.id);
    assert.deepEqual(errorOf(await get(app, "/traces/xyz"), 400), ["invalid_input", "traceId"]);
  });

  test("a job is cancelled with a reason once, then it is a conflict", async () => {
    const queue = newQueue();
    const app = open(queue);
    const { id } = await queue.enqueue("a", 1);
    const path = `/jobs/${id}/cancel`;
    const { status, body } = await post(app, path, { reason: "withdrawn\u0000" });
    assert.deepEqual([status, body.changed, body.job.status], [200, true, "cancelled"]);
    assert.equal(body.job.error.message, "withdrawn\ufffd");
    const again = await post(app, path, undefined);
    assert.deepEqual(errorOf(again, 409), ["conflict", undefined]);
    const bare = await call(app, path, { method: "POST" });
    assert.deepEqual(errorOf(bare, 409), ["conflict", undefined]);
    assert.equal(again.body.error.status, "cancelled");
    const unknown = await post(app, `/jobs/${crypto.randomUUID()}/cancel`, {});
    assert.deepEqual(errorOf(unknown, 404), ["not_found", undefined]);
    const { id: other } = await queue.enqueue("a", 2);
    const bad = await post(app, `/jobs/${other}/cancel`, { reason: 1 });
    assert.deepEqual(errorOf(bad, 400), ["invalid_input", "reason"]);
    assert.equal((await queue.get(other))?.status, "ready");
    const notBoolean = await post(app, `/jobs/${other}/cancel`, { descendants: "yes" });
    assert.deepEqual(errorOf(notBoolean, 400), ["invalid_input", "descendants"]);
    const part = await queue.enqueue("a", 3, { parent: id });
    assert.equal(part.status, "cancelled");
    const late = await queue.enqueue("a", 3, { parent: other });
    const tree = await post(app, `/jobs/${other}/cancel`, { descendants: true });
    assert.deepEqual([tree.status, tree.body.changed, tree.body.cancelledDescendants], [
      200,
      true,
      1,
    ]);
    assert.equal((await queue.get(late.id))?.status, "cancelled");
    const none = await post(app, `/jobs/${other}/cancel`, { descendants: true });
    assert.deepEqual(errorOf(none, 409), ["conflict", undefined]);
    const long = await post(app, `/jobs/${other}/cancel`, { reason: "x".repeat(1_001) });
    assert.deepEqual(errorOf(long, 400), ["invalid_input", "reason"]);
  });

  test("a failed job is retried; one that is ready, or whose dependency failed, is a conflict", async () => {
    const queue = newQueue();
    const app = open(queue);
    const { id } = await queue.enqueue("a", 1, { maxAttempts: 1 });
    assert.deepEqual(errorOf(await post(app, `/jobs/${id}/retry`, {}), 409), [
      "conflict",
      undefined,
    ]);
    await queue.worker("a", () => {
      throw new Error("no");
    }).tick();
    const { status, body } = await post(app, `/jobs/${id}/retry`, undefined);
    assert.deepEqual([status, body.changed, body.job.status, body.job.maxAttempts], [
      200,
      true,
      "ready",
      2,
    ]);
    const dependent = await queue.enqueue("b", 1, { dependsOn: [id] });
    await queue.cancel(id);
    const path = `/jobs/${dependent.id}/retry`;
    const refused = await post(app, path, {});
    assert.deepEqual(errorOf(refused, 409), ["conflict", undefined]);
    assert.equal(refused.body.error.status, "cancelled");
    assert.equal(
      refused.body.error.message,
      `Its dependency ${id} was cancelled; retry that one first, or force runs the job all the same`,
    );
    assert.deepEqual(errorOf(await post(app, path, { force: 1 }), 400), ["invalid_input", "force"]);
    assert.equal((await post(app, path, { force: true })).body.job.status, "ready");
    await queue.cancel(dependent.id);
    const alone = await post(app, `/jobs/${id}/retry`, { dependents: false });
    assert.equal(alone.body.job.status, "ready");
    assert.equal((await post(app, path, {})).body.job.status, "blocked");
    const unknown = await post(app, `/jobs/${crypto.randomUUID()}/retry`, {});
    assert.deepEqual(errorOf(unknown, 404), ["not_found", undefined]);
  });

  test("queues are counted, and how long their oldest ready jobs have waited", async () => {
    const queue = newQueue();
    await queue.enqueue("constructor", 1);
    await queue.enqueue("a", 1, { delayMs: 1_000 });
    const [a, other, ...more] = (await get(open(queue), "/stats")).body.queues;
    assert.equal(more.length, 0);
    const none = {
      scheduled: 0,
      blocked: 0,
      ready: 0,
      running: 0,
      retrying: 0,
      completed: 0,
      failed: 0,
      cancelled: 0,
    };
    const jobs = { ...none, scheduled: 1 };
    assert.deepEqual(a, { queueName: "a", jobs, waiting: 1, unfinished: 1 });
    const { oldestReadyMs, ...rest } = other;
    assert.deepEqual(rest, {
      queueName: "constructor",
      jobs: { ...none, ready: 1 },
      waiting: 0,
      unfinished: 1,
    });
    assert.ok(oldestReadyMs >= 0 && oldestReadyMs < 10_000);
  });

  test("what ended lately is counted by itself", async () => {
    const clock = manualClock();
    const queue = new JobQueue({ store: memory({ now: clock.now }) });
    const app = open(queue);
    for (const queueName of ["a", "b", "c"]) {
      await queue.enqueue(queueName, 1);
      await queue.worker(queueName, () => {}).tick();
      clock.pass(1_000);
    }
    await queue.enqueue("a", 1);
    const { body } = await get(app, "/stats?endedWithinMs=3000");
    type Read = QueueStats & { readonly ended: NonNullable<QueueStats["ended"]> };
    assert.deepEqual(
      body.queues.map(({ queueName, jobs, ended }: Read) => [
        queueName,
        jobs.ready,
        jobs.completed,
        ended.completed,
      ]),
      [["a", 1, 1, 0], ["b", 0, 1, 1], ["c", 0, 1, 1]],
    );
    const whole = (await get(app, "/stats")).body.queues;
    assert.ok(whole.every((one: QueueStats) => !("ended" in one)));
  });

  test("a probe is answered 503 while the oldest ready job has waited for too long", async () => {
    const clock = manualClock();
    const queue = new JobQueue({ store: memory({ now: clock.now }) });
    const errors: unknown[] = [];
    const app = open(queue, { onError: (error) => errors.push(error) });
    const probe = (query: string) => get(app, `/health${query}`);
    assert.deepEqual((await probe("?maxOldestReadyMs=0")).body, { oldestReadyMs: 0 });
    await queue.enqueue("later", 1, { delayMs: 3_600_000 });
    await queue.enqueue("email_queue", 1);
    clock.pass(500);
    await queue.enqueue("other_queue", 1);
    clock.pass(500);
    assert.deepEqual((await probe("?maxOldestReadyMs=1000")).body, { oldestReadyMs: 1_000 });
    const late = await probe("?maxOldestReadyMs=999");
    assert.deepEqual(errorOf(late, 503), ["unavailable", undefined]);
    assert.match(late.body.error.message, /email_queue has waited for 1000 ms, more than 999 ms/);
    assert.equal((await probe("")).status, 200);
    assert.deepEqual(errors, [], "what was asked for is no failure");
    await queue.store.configure({ queueName: "email_queue", pause: {} });
    assert.deepEqual((await probe("?maxOldestReadyMs=999")).body, { oldestReadyMs: 500 });
    await queue.store.configure({ queueName: "email_queue", pause: null });

    const authorize = () => ({ queues: ["other_queue"] });
    const others = open(queue, { publicAccess: undefined, authorize });
    assert.equal((await get(others, "/health?maxOldestReadyMs=999")).status, 200);
    const hidden = await get(others, "/health?maxOldestReadyMs=499");
    assert.equal(hidden.status, 503);
    assert.ok(!JSON.stringify(hidden.body).includes("email_queue"));
    for (const query of ["?maxOldestReadyMs=x", "?maxOldestReadyMs=1&maxOldestReadyMs=2"]) {
      assert.deepEqual(errorOf(await probe(query), 400), ["invalid_input", "maxOldestReadyMs"]);
    }
  });

  test("the same idempotency key from 100 callers at once is one job", async () => {
    const queue = newQueue();
    const app = open(queue);
    const answers = await Promise.all(
      Array.from({ length: 100 }, () => post(app, "/jobs", mail, { "idempotency-key": "once" })),
    );
    assert.equal(new Set(answers.map(({ body }) => body.id)).size, 1);
    assert.deepEqual(
      answers.map(({ status }) => status).sort(),
      [...Array(99).fill(200), 201],
    );
    assert.equal(answers.filter(({ body }) => body.deduplicated).length, 99);
    assert.equal((await queue.find()).jobs.length, 1);
    const both = await post(app, "/jobs", { ...mail, idempotencyKey: "once" }, {
      "idempotency-key": "once",
    });
    assert.equal(both.status, 200);
    const two = await post(app, "/jobs", { ...mail, idempotencyKey: "other" }, {
      "idempotency-key": "once",
    });
    assert.deepEqual(errorOf(two, 400), ["invalid_input", "idempotency-key"]);
    const batch = await post(app, "/jobs/batch", { jobs: [mail] }, { "idempotency-key": "k" });
    assert.deepEqual(errorOf(batch, 400), ["invalid_input", "idempotency-key"]);
  });

  test("works under any path of another app, beside its other routes", async () => {
    const queue = newQueue();
    const app = new Hono();
    app.route("/tenants/:id/queue", open(queue));
    app.get("/hello", (c) => c.text("hello"));
    const { status, body } = await post(app, "/tenants/7/queue/jobs", mail);
    assert.equal(status, 201);
    assert.equal((await get(app, `/tenants/7/queue/jobs/${body.id}`)).body.id, body.id);
    assert.equal(await (await app.request("/hello")).text(), "hello");
    const unknown = await get(app, "/tenants/7/queue/nothing");
    assert.deepEqual(errorOf(unknown, 404), ["no_such_path", undefined]);
    const document = (await get(app, "/tenants/7/queue/openapi.json")).body;
    assert.deepEqual(document.servers, [{ url: "/tenants/7/queue" }]);
    assert.deepEqual((await get(open(queue), "/openapi.json")).body.servers, [{ url: "/" }]);
  });
});
