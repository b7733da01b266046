/** Changes of many jobs in one database: what they cost, and beside workers that change the same jobs. */

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import pg from "postgres";
import { job, JobQueue } from "../../mod.ts";
import { operate } from "../../src/operate.ts";
import { postgres } from "../../src/store/postgres.ts";
import type { Store } from "../../src/store/store.ts";
import { failed, jobInput, newTraceId, reason, settlement } from "../conformance/inputs.ts";
import { allCompleted } from "./completed.ts";
import { openTestDatabase, type TestDatabase, whyNoDatabase } from "./database.ts";
import { misplaced } from "./places.ts";
import type { Task } from "./programs/work.ts";
import { runOf } from "./run_record.ts";
import { tellingClient } from "./telling_client.ts";
import { until } from "../until.ts";
import { workforce } from "./workforce.ts";

const timeout = 120_000;
const skip = whyNoDatabase;

/** Fails so many jobs. */
async function addFailed(store: Store, count: number): Promise<void> {
  for (let left = count; left > 0; left -= 1_000) {
    await store.add(Array.from({ length: Math.min(left, 1_000) }, () => jobInput()));
    const claims = [{ queueName: "orders", limit: 1_000, leaseMs: 60_000 }];
    const { claimed } = await store.settleAndClaim({ settlements: [], claims });
    await store.settleAndClaim({
      settlements: claimed.map((job) => settlement(job, failed)),
      claims: [],
    });
  }
}

describe("a change of many jobs on Postgres", { skip }, () => {
  let database: TestDatabase;
  let sql: pg.Sql;
  before(async () => {
    database = await openTestDatabase();
    sql = pg(database.url, { max: 4, onnotice: () => {} });
  });
  after(async () => {
    await sql.end();
    await database.drop();
  });

  const rows = async (schema: string, table: string) =>
    Number((await sql.unsafe(`select count(*) from ${schema}.${table}`))[0]!.count);

  test("retries 5,000 failed jobs in at most 10 statements", { timeout }, async (t) => {
    const schema = "statements";
    let statements = 0;
    const store = await postgres(tellingClient(sql, () => void statements++), { schema });
    await using queue = new JobQueue({ store });
    await addFailed(store, 5_000);
    // What workers were told of before is sent by now.
    await new Promise((resolve) => setTimeout(resolve, 20));
    statements = 0;
    const filter = { queueName: "orders", status: "failed" } as const;
    const { changed, refused } = await operate(queue).retry(filter, { by: "Ada" });
    await new Promise((resolve) => setTimeout(resolve, 20));
    t.diagnostic(`${statements} statements`);
    assert.deepEqual([changed, refused], [5_000, 0]);
    assert.equal(await rows(schema, "ready"), 5_000);
    assert.ok(statements <= 10, `${statements}`);
    assert.deepEqual(await misplaced(sql, schema), []);
  });

  test("cancels none of those that a worker claims meanwhile, where only ready ones match", {
    timeout,
  }, async () => {
    const schema = "ready_ones";
    const [worker, operator] = [
      await postgres(database.url, { schema }),
      await postgres(database.url, { schema }),
    ];
    await worker.add(Array.from({ length: 2_000 }, () => jobInput()));
    let claimedCount = 0;
    const claiming = (async () => {
      const claims = [{ queueName: "orders", limit: 20, leaseMs: 60_000 }];
      for (;;) {
        const { claimed } = await worker.settleAndClaim({ settlements: [], claims });
        if (claimed.length === 0) return;
        claimedCount += claimed.length;
      }
    })();
    const change = { type: "cancel", error: reason } as const;
    let cancelled = 0;
    for (let left = true; left;) {
      const pass = await operator.change({ statuses: ["ready"] }, change, { limit: 50 });
      cancelled += pass.changed;
      left = pass.after !== undefined;
    }
    await claiming;
    assert.equal(claimedCount + cancelled, 2_000);
    assert.equal(await rows(schema, "attempts"), 0, "no attempt was cut off");
    assert.deepEqual(await misplaced(sql, schema), []);
    await Promise.all([worker.close(), operator.close()]);
  });

  test("deletes jobs with all their rows", { timeout }, async () => {
    const schema = "deleted";
    const store = await postgres(database.url, { schema });
    const ranIn = newTraceId();
    await store.add([jobInput(), jobInput({ idempotencyKey: "order 1" })]);
    const claims = [{ queueName: "orders", limit: 2, leaseMs: 60_000 }];
    const { claimed } = await store.settleAndClaim({ settlements: [], claims });
    const traceparent = `00-${ranIn}-00f067aa0ba902b7-01`;
    await store.settleAndClaim({
      settlements: claimed.map((job) => settlement(job, failed, { traceparent })),
      claims: [],
    });
    for (const table of ["enqueued", "ended", "attempts", "attempt_traces"]) {
      assert.equal(await rows(schema, table), 2, table);
    }
    const { changed } = await store.change({ queueNames: ["orders"] }, { type: "delete" }, {
      limit: 10,
    });
    assert.equal(changed, 2);
    for (const table of ["enqueued", "ended", "attempts", "attempt_traces"]) {
      assert.equal(await rows(schema, table), 0, table);
    }
    await store.close();
  });

  test("tells other processes of what they can claim now", { timeout }, async () => {
    const schema = "told";
    const [here, there] = [
      await postgres(database.url, { schema }),
      await postgres(database.url, { schema }),
    ];
    let isTold = false;
    there.onNotice!((notice) => isTold ||= notice.type === "ready" && notice.queueName === "later");
    await until("it listens", 10_000, () => there.hints.hearsOthers === true);
    await here.add([jobInput({ queueName: "later", delayMs: 3_600_000 })]);
    await new Promise((resolve) => setTimeout(resolve, 50));
    isTold = false;
    const change = { type: "reschedule", delayMs: 0 } as const;
    await here.change({ queueNames: ["later"] }, change, { limit: 10 });
    await until("it is told", 5_000, () => isTold);
    await Promise.all([here.close(), there.close()]);
  });
});

describe("a change of many jobs beside workers in other processes", { skip }, () => {
  test("retries what fails while it goes on, and loses or repeats no attempt", {
    timeout,
  }, async (t) => {
    await using database = await openTestDatabase();
    const { url } = database;
    await using queue = new JobQueue<Record<string, Task>>({ store: await postgres(url) });
    await using other = new JobQueue<Record<string, Task>>({ store: await postgres(url) });
    await using workers = workforce({ url, queueNames: ["orders"], concurrency: 50 });
    const [count, failures] = [2_000, 3];
    const orders = Array.from(
      { length: count },
      () => job("orders", { failures }, { maxAttempts: 1 }),
    );
    for (let at = 0; at < count; at += 500) await queue.enqueue(orders.slice(at, at + 500));
    await workers.start(3);
    let isOver = false;
    let retried = 0;
    // Two at a time, each of which gets no error from the other or from the workers.
    const retrying = [queue, other].map(async (queue) => {
      while (!isOver) {
        const filter = { queueName: "orders", status: "failed" } as const;
        const { changed } = await operate(queue).retry(filter);
        retried += changed;
      }
    });
    await allCompleted(queue, count, 60_000);
    isOver = true;
    await Promise.all(retrying);
    await workers.stop();
    t.diagnostic(`${retried} retries of ${count} jobs`);
    assert.equal(retried, count * failures, "each failure is retried once");
    const starts = workers.notes("start").map(runOf);
    assert.equal(starts.length, count * (failures + 1));
    assert.equal(new Set(starts).size, starts.length, "each attempt runs once");
    assert.deepEqual(workers.notes("trouble"), []);
    await checkPlaces(url);
  });

  test("cancels a business process whose handlers enqueue more of it, until none is left", {
    timeout,
  }, async (t) => {
    await using database = await openTestDatabase();
    const { url } = database;
    await using queue = new JobQueue<Record<string, Task>>({ store: await postgres(url) });
    const work = { url, queueNames: ["orders"], concurrency: 20, handlerMs: 5 };
    await using workers = workforce(work);
    await workers.start(2);
    const correlationId = "order-1";
    await queue.enqueue("orders", { children: 2 }, { correlationId });
    await until("there are many", 30_000, () => workers.notes("start").length > 500);
    const { changed } = await operate(queue).cancel({ correlationId }, { reason: "withdrawn" });
    const unfinished = ["scheduled", "blocked", "ready", "running", "retrying"] as const;
    const left = async () => (await queue.find({ correlationId, status: unfinished })).jobs.length;
    assert.equal(await left(), 0, "at the answer");
    // Handlers that were interrupted may still enqueue: below a cancelled parent it is cancelled.
    await new Promise((resolve) => setTimeout(resolve, 500));
    assert.equal(await left(), 0, "later");
    const before = workers.notes("start").length;
    await new Promise((resolve) => setTimeout(resolve, 500));
    assert.equal(workers.notes("start").length, before, "none begins any more");
    await workers.stop();
    t.diagnostic(`${changed} of ${before} cancelled`);
    assert.ok(changed > 0);
    await checkPlaces(url);
  });
});

async function checkPlaces(url: string): Promise<void> {
  const sql = pg(url, { max: 1, onnotice: () => {} });
  assert.deepEqual(await misplaced(sql, "hammerwork"), []);
  await sql.end();
}
