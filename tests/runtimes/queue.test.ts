import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { job, JobQueue, memory, newTraceId } from "../../mod.ts";
import { manualClock } from "../conformance/manual_clock.ts";

interface Shop {
  payment_queue: { amount: number };
  email_queue: { to: string };
}

describe("enqueue", () => {
  test("returns what is stored, with defaults, a new trace and the store's time", async () => {
    const clock = manualClock();
    const queue = new JobQueue<Shop>({ store: memory({ now: clock.now }) });
    const { id, traceId, ...stored } = await queue.enqueue("payment_queue", { amount: 1 });
    assert.match(traceId, /^[0-9a-f]{32}$/);
    assert.deepEqual(withoutUndefined(stored), {
      queueName: "payment_queue",
      payload: { amount: 1 },
      status: "ready",
      attempts: 0,
      releases: 0,
      snoozes: 0,
      maxAttempts: 3,
      priority: 0,
      dependsOn: [],
      onDependencyFailure: "cancel",
      createdAt: new Date(clock.now()),
      runAt: new Date(clock.now()),
      deduplicated: false,
    });
    assert.equal((await queue.get(id))?.id, id);
  });

  test("takes one job, a job made before, and a list, which it answers in the given order", async () => {
    const queue = new JobQueue<Shop>({ store: memory() });
    const payment = job("payment_queue", { amount: 1 });
    const email = job("email_queue", { to: "a@example.com" }, { dependsOn: [payment] });
    const stored = await queue.enqueue([email, payment]);
    assert.deepEqual(stored.map(({ id, status }) => [id, status]), [
      [email.id, "blocked"],
      [payment.id, "ready"],
    ]);
    assert.equal((await queue.enqueue(payment)).deduplicated, true);
    assert.deepEqual(await queue.enqueue([]), []);
  });

  test("keeps every option", async () => {
    const clock = manualClock();
    const queue = new JobQueue({ store: memory({ now: clock.now }) });
    const runAt = new Date(clock.now() + 5_000);
    const options = {
      priority: 7,
      runAt,
      maxAttempts: 9,
      backoff: { type: "linear", delayMs: 10 },
      timeoutMs: 1_234,
      idempotencyKey: "once",
      onDependencyFailure: "run",
      correlationId: "order-1",
      traceId: newTraceId(),
    } as const;
    const stored = await queue.enqueue("queue", {}, options);
    assert.equal(stored.status, "scheduled");
    for (const [name, value] of Object.entries(options)) {
      assert.deepEqual(stored[name as keyof typeof stored], value, name);
    }
  });

  test("gives the first job for an idempotency key, and dependents of the call wait for that one", async () => {
    const queue = new JobQueue<Shop>({ store: memory() });
    const first = await queue.enqueue("payment_queue", { amount: 1 }, {
      idempotencyKey: "order-1",
    });
    const again = job("payment_queue", { amount: 2 }, { idempotencyKey: "order-1" });
    const email = job("email_queue", { to: "a@example.com" }, {
      dependsOn: [again],
      parent: again,
    });
    const [payment, dependent] = await queue.enqueue([again, email]);
    assert.equal(payment?.id, first.id);
    assert.equal(payment?.deduplicated, true);
    assert.deepEqual(payment?.payload, { amount: 1 });
    assert.deepEqual(dependent?.dependsOn, [first.id]);
    assert.equal(dependent?.parentId, first.id);
  });

  test("gives one job to a hundred callers with the same idempotency key", async () => {
    const queue = new JobQueue({ store: memory() });
    const stored = await Promise.all(
      Array.from({ length: 100 }, (_, n) => queue.enqueue("queue", n, { idempotencyKey: "one" })),
    );
    assert.equal(new Set(stored.map(({ id }) => id)).size, 1);
    assert.equal(stored.filter(({ deduplicated }) => !deduplicated).length, 1);
  });

  test("stores nothing of a call in which one job is refused", async () => {
    const queue = new JobQueue({ store: memory() });
    const bad = job("queue", {}, { dependsOn: [job("queue", {}).id] });
    await assert.rejects(queue.enqueue([job("queue", {}), bad, job("queue", {})]));
    assert.deepEqual(await queue.store.counts(), []);
  });
});

describe("what a job belongs to", () => {
  test("jobs of one call that depend on each other share a trace, others get their own", async () => {
    const queue = new JobQueue({ store: memory() });
    const payment = job("payment_queue", {});
    const email = job("email_queue", {}, { dependsOn: [payment] });
    const child = job("child_queue", {}, { parent: email });
    const stranger = job("email_queue", {});
    const [a, b, c, other] = await queue.enqueue([child, email, payment, stranger]);
    assert.equal(new Set([a, b, c].map((one) => one?.traceId)).size, 1);
    assert.notEqual(other?.traceId, a?.traceId);
  });

  test("a trace id of one job in a family is the whole family's", async () => {
    const queue = new JobQueue({ store: memory() });
    const traceId = newTraceId();
    const payment = job("payment_queue", {});
    const email = job("email_queue", {}, { dependsOn: [payment], traceId });
    const stored = await queue.enqueue([payment, email]);
    assert.deepEqual(stored.map((one) => one.traceId), [traceId, traceId]);
  });

  test("a parent that is passed as a job need not be found: its transaction may be open", async () => {
    const store = memory();
    const queue = new JobQueue({ store });
    const parent = await queue.enqueue("import", {});
    store.find = () => Promise.resolve({ jobs: [], hasMore: false });
    const part = await queue.enqueue("part", {}, { parent });
    assert.deepEqual([part.parentId, part.traceId], [parent.id, parent.traceId]);
    await assert.rejects(
      queue.enqueue("part", {}, { parent: parent.id }),
      /^RangeError: A parent must be a stored job/,
    );
  });

  test("a parent gives its trace and its correlation id, as a job, as an id, and within one call", async () => {
    const queue = new JobQueue({ store: memory() });
    const parent = await queue.enqueue("import", {}, { correlationId: "batch-import-001" });
    const byJob = await queue.enqueue("part", {}, { parent });
    const byId = await queue.enqueue("part", {}, { parent: parent.id });
    const second = job("import", {}, { correlationId: "batch-import-002" });
    const [, within] = await queue.enqueue([second, job("part", {}, { parent: second })]);
    for (const part of [byJob, byId]) {
      assert.equal(part.traceId, parent.traceId);
      assert.equal(part.correlationId, "batch-import-001");
      assert.equal(part.parentId, parent.id);
    }
    assert.equal(within?.correlationId, "batch-import-002");
    const { jobs } = await queue.find({ parent });
    assert.deepEqual(jobs.map(({ id }) => id), [byId.id, byJob.id]);
  });

  test("a handler leaves its job, its trace or both behind", async () => {
    const queue = new JobQueue({ store: memory() });
    const run = await queue.enqueue("report", 1, { correlationId: "nightly" });
    const traceId = newTraceId();
    await queue.worker("report", async (_job, ctx) => {
      await queue.enqueue("part", 1);
      await ctx.enqueue("next", 1, { parent: null });
      await queue.enqueue(job("next", 2, { parent: null, traceId }));
    }).tick();
    const [both, alone, part] = (await queue.find({ correlationId: "nightly" })).jobs;
    assert.deepEqual([part!.parentId, part!.traceId], [run.id, run.traceId]);
    assert.deepEqual([alone!.parentId, alone!.traceId], [undefined, run.traceId]);
    assert.deepEqual([both!.parentId, both!.traceId], [undefined, traceId]);
  });

  test("a caller's traceparent wins over a trace id; a malformed one is ignored", async () => {
    const queue = new JobQueue({ store: memory() });
    const traceId = newTraceId();
    const traceparent = `00-${newTraceId()}-00f067aa0ba902b7-01`;
    const under = await queue.enqueue("queue", {}, { traceparent, traceId });
    assert.equal(under.traceId, traceparent.slice(3, 35));
    assert.equal(under.traceparent, traceparent);
    for (
      const malformed of [traceparent.toUpperCase(), "00-0-0-0", `ff${traceparent.slice(2)}`, ""]
    ) {
      const ignored = await queue.enqueue("queue", {}, { traceparent: malformed, traceId });
      assert.equal(ignored.traceId, traceId);
      assert.equal(ignored.traceparent, undefined);
    }
  });

  test("a running job passes its trace, its correlation id and itself on, across awaits", async () => {
    const queue = new JobQueue<{ import: number; part: number }>({ store: memory() });
    const importer = queue.worker("import", async (_job, ctx) => {
      await new Promise((resolve) => setTimeout(resolve, 1));
      await queue.enqueue("part", 1);
      await ctx.enqueue("part", 2);
      await ctx.enqueue([job("part", 3), job("part", 4, { correlationId: "own" })]);
    });
    const one = await queue.enqueue("import", 1, { correlationId: "file-1" });
    const two = await queue.enqueue("import", 2, { correlationId: "file-2" });
    await importer.tick();
    for (const parent of [one, two]) {
      const { jobs } = await queue.find({ parent });
      assert.deepEqual(jobs.map(({ payload }) => payload), [4, 3, 2, 1]);
      assert.ok(jobs.every(({ traceId }) => traceId === parent.traceId));
      assert.deepEqual(jobs.map(({ correlationId }) => correlationId), [
        "own",
        ...Array(3).fill(parent.correlationId),
      ]);
    }
    const after = await queue.enqueue("part", 5);
    assert.equal(after.parentId, undefined, "outside of a handler nothing is inherited");
  });
});

describe("lookup", () => {
  test("finds by everything, newest first, page by page, while jobs are added", async () => {
    const clock = manualClock();
    const queue = new JobQueue({ store: memory({ now: clock.now }) });
    const traceId = newTraceId();
    for (let n = 0; n < 7; n++) {
      await queue.enqueue("queue", n, { traceId, correlationId: "order-1" });
      clock.pass(1_000);
    }
    const pages: unknown[][] = [];
    let cursor: string | undefined;
    do {
      const page = await queue.find({ traceId, limit: 3, cursor });
      pages.push(page.jobs.map(({ payload }) => payload));
      cursor = page.nextCursor;
      await queue.enqueue("queue", "late", { traceId });
    } while (cursor !== undefined);
    assert.deepEqual(pages, [[6, 5, 4], [3, 2, 1], [0]]);
    const dashed = traceId.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-").toUpperCase();
    const found = await queue.find({
      traceId: dashed,
      correlationId: "order-1",
      status: ["ready", "running"],
      createdFrom: new Date(clock.now() - 6_000),
      createdBefore: new Date(clock.now() - 4_000),
    });
    assert.deepEqual(found.jobs.map(({ payload }) => payload), [2, 1]);
    assert.equal(found.nextCursor, undefined);
  });

  test("retry brings a failed or cancelled job back, and says how any other stands", async () => {
    const queue = new JobQueue<{ mails: number }>({ store: memory() });
    const { id } = await queue.enqueue("mails", 1, { maxAttempts: 1 });
    let attempts = 0;
    const worker = queue.worker("mails", () => {
      if (++attempts === 1) throw new Error("no such mailbox");
    });
    const early = await queue.retry(id);
    assert.deepEqual([early?.job.status, early?.changed], ["ready", false]);
    assert.equal(early?.reason, "Only a failed or cancelled job can be retried: this one is ready");
    await worker.tick();
    const retried = await queue.retry(id);
    assert.deepEqual([retried?.job.status, retried?.job.maxAttempts], ["ready", 2]);
    assert.deepEqual([retried?.changed, retried?.reason], [true, undefined]);
    assert.equal((await worker.tick()).completed, 1);
    const { attemptHistory } = (await queue.get(id))!;
    assert.deepEqual(attemptHistory.map(({ outcome }) => outcome), ["failed", "completed"]);
    assert.equal((await queue.retry(id))?.job.status, "completed");
    assert.equal(await queue.retry(crypto.randomUUID()), undefined);
    await assert.rejects(queue.retry("1"), RangeError);
  });

  test("retry takes the dependents along, and says which dependency hinders it", async () => {
    const queue = new JobQueue({ store: memory() });
    const { id } = await queue.enqueue("a", 1);
    const dependent = await queue.enqueue("b", 1, { dependsOn: [id] });
    await queue.cancel(id);
    const refused = await queue.retry(dependent.id);
    assert.deepEqual([refused?.changed, refused?.job.error?.dependencyId], [false, id]);
    assert.match(refused!.reason!, new RegExp(`^Its dependency ${id} was cancelled;`));
    await queue.retry(id, { dependents: false });
    assert.equal((await queue.get(dependent.id))?.status, "cancelled");
    await queue.cancel(id);
    assert.equal((await queue.retry(dependent.id, { force: true }))?.job.status, "ready");
    await queue.cancel(dependent.id);
    await queue.retry(id);
    assert.equal((await queue.retry(dependent.id))?.job.status, "blocked");
    await queue.cancel(id);
    await queue.retry(id);
    assert.equal((await queue.get(dependent.id))?.status, "blocked");
    await assert.rejects(
      queue.retry(id, { dependants: true } as never),
      new TypeError(
        `A retry's options are dependents, force, by: got "dependants"; did you mean dependents?`,
      ),
    );
    await assert.rejects(
      queue.retry(id, { force: "yes" as never }),
      new TypeError('force must be true or false: got "yes"'),
    );
  });

  test("cancel takes the descendants along with its option", async () => {
    const queue = new JobQueue({ store: memory() });
    const root = await queue.enqueue("a", 1);
    const child = await queue.enqueue("b", 1, { parent: root });
    const grandchild = await queue.enqueue("c", 1, { parent: child });
    const cancelled = await queue.cancel(root.id, { reason: "withdrawn", descendants: true });
    assert.deepEqual([cancelled?.changed, cancelled?.cancelledDescendants], [true, 2]);
    const { status, error } = (await queue.get(grandchild.id))!;
    assert.deepEqual([status, error?.message, error?.parentId], [
      "cancelled",
      "withdrawn",
      root.id,
    ]);
    const again = await queue.cancel(root.id, { descendants: true });
    assert.deepEqual([again?.changed, again?.cancelledDescendants], [false, 0]);
    assert.equal(
      again?.reason,
      "Only a job that has not ended can be cancelled: this one is cancelled",
    );
    assert.equal("cancelledDescendants" in (await queue.cancel(root.id))!, false);
    await assert.rejects(
      queue.cancel(root.id, { descendants: 1 as never }),
      new TypeError("descendants must be true or false: got number"),
    );
  });

  test("get shows the attempts, and undefined for what is not stored", async () => {
    const queue = new JobQueue({ store: memory() });
    const worker = queue.worker("queue", () => Promise.reject(new Error("503")), {
      backoff: { type: "fixed", delayMs: 0 },
    });
    const { id } = await queue.enqueue("queue", {}, { maxAttempts: 2 });
    await worker.tick();
    await worker.tick();
    const found = await queue.get(id);
    assert.equal(found?.status, "failed");
    assert.equal(found?.error?.message, "503");
    assert.deepEqual(
      found?.attemptHistory.map((
        { attempt, outcome, error },
      ) => [attempt, outcome, error?.message]),
      [
        [1, "failed", "503"],
        [2, "failed", "503"],
      ],
    );
    assert.equal(await queue.get(job("queue", {}).id), undefined);
    assert.equal(await queue.cancel(job("queue", {}).id), undefined);
  });
});

function withoutUndefined(object: object): object {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined));
}
