/** Jobs that an idle worker of the same process takes in the statement that adds them. */

import assert from "node:assert/strict";
import { AsyncLocalStorage } from "node:async_hooks";
import { after, before, describe, test } from "node:test";
import { setTimeout } from "node:timers/promises";
import pg from "postgres";
import { job, JobQueue, type Worker } from "../../mod.ts";
import { postgres, type Sql } from "../../src/store/postgres.ts";
import { openTestDatabase, type TestDatabase, whyNoDatabase } from "./database.ts";
import { openLossyProxy } from "./lossy_proxy.ts";
import { tellingClient } from "./telling_client.ts";
import { within } from "./within.ts";

const timeout = 30_000;

/** A queue on a schema of its own, the statements that it sends, and what its worker ran. */
interface Workplace extends AsyncDisposable {
  readonly queue: JobQueue<Record<string, number>, Sql>;
  readonly statements: string[];
  readonly ran: number[];
  /** Waits until its worker has run so many jobs. */
  readonly hasRun: (count: number) => Promise<void>;
}

describe("a job that is added while a worker is idle", { skip: whyNoDatabase }, () => {
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

  async function open(
    schema: string,
    handler: (payload: number) => unknown = () => {},
    concurrency = 10,
  ): Promise<Workplace & { readonly worker: Worker }> {
    const statements: string[] = [];
    const told = tellingClient(sql, (text) => void statements.push(text));
    const source: Sql = { ...told, options: { max: 4 } };
    const queue = new JobQueue<Record<string, number>, Sql>({
      store: await postgres(source, { schema }),
    });
    const ran: number[] = [];
    const worker = queue.worker("q", async ({ payload }) => {
      ran.push(payload);
      await handler(payload);
    }, { concurrency, pollMs: 60_000 });
    const run = worker.run();
    const hasRun = async (count: number) => {
      while (ran.length < count) await setTimeout(5);
    };
    await idle(statements);
    return {
      queue,
      statements,
      ran,
      worker,
      hasRun: (count) => within(10_000, hasRun(count)),
      [Symbol.asyncDispose]: async () => {
        await worker.stop();
        await run;
      },
    };
  }

  /** Until no statement is sent any more. */
  async function idle(statements: readonly string[]): Promise<void> {
    for (let seen = -1; seen < statements.length;) {
      seen = statements.length;
      await setTimeout(50);
    }
  }

  test("runs outside of what is active where it is added", { timeout }, async () => {
    const active = new AsyncLocalStorage<string>();
    const seen: unknown[] = [];
    const queue = new JobQueue<Record<string, number>>({
      store: await postgres(database.url, { schema: "surroundings" }),
    });
    const see = () => void seen.push(active.getStore());
    const worker = queue.worker("q", see, { onJobStart: see });
    const run = worker.run();
    while (seen.length < 6) {
      await setTimeout(20);
      await active.run("a request", () => queue.enqueue("q", 1));
    }
    await worker.stop();
    await run;
    await queue.close();
    assert.deepEqual(new Set(seen), new Set([undefined]));
  });

  test("waits for another one of its call, which alone is taken", { timeout }, async () => {
    let sentAtStart = 0;
    await using place = await open(
      "workflow",
      () => void (sentAtStart ||= place.statements.length),
    );
    const { queue, statements, hasRun, ran } = place;
    statements.length = 0;
    const [first, second] = [job("q", 1), job("q", 2)];
    const last = job("q", 3, { dependsOn: [first, second] });
    const enqueued = await queue.enqueue([first, second, last]);
    assert.deepEqual(enqueued.map(({ status }) => status), ["ready", "ready", "blocked"]);
    await hasRun(3);
    await idle(statements);
    assert.equal(sentAtStart, 1, statements.join("; "));
    assert.deepEqual(ran, [1, 2, 3]);
    while ((await queue.find({ status: "completed" })).jobs.length < 3) await setTimeout(5);
    const [rows] = await sql`select (select count(*) from workflow.waiting)::int as waiting,
      (select count(*) from workflow.claims)::int as claims,
      (select count(*) from workflow.dependencies)::int as dependencies`;
    assert.deepEqual({ ...rows }, { waiting: 0, claims: 0, dependencies: 0 });
  });

  test("shares its statement with what others add at that moment, and fails alone", {
    timeout,
  }, async () => {
    await using place = await open("shared", undefined, 1);
    const { queue, statements, worker } = place;
    await worker.stop();
    await idle(statements);
    statements.length = 0;
    const workflow = (n: number, id: string = crypto.randomUUID()) => {
      const first = { ...job("q", n), id };
      return [first, job("q", n, { dependsOn: [first] })];
    };
    const taken = await queue.enqueue("q", 0);
    const calls = [
      queue.enqueue(workflow(1)),
      queue.enqueue(workflow(2)),
      queue.enqueue("q", 3),
      queue.enqueue(workflow(4)),
    ];
    await Promise.all(calls);
    const adding = statements.filter((text) => text.includes("into"));
    // The one before them, and theirs.
    assert.equal(adding.length, 2, adding.join("; "));
    statements.length = 0;
    const answers = await Promise.allSettled([
      queue.enqueue(workflow(5)),
      queue.enqueue(workflow(6, taken.id)),
      queue.enqueue("q", 7),
    ]);
    assert.deepEqual(answers.map(({ status }) => status), ["fulfilled", "rejected", "fulfilled"]);
    const { jobs } = await queue.find({ limit: 100 });
    assert.equal(jobs.length, 1 + 7 + 3);
    const statusesOf = (n: number) =>
      jobs.filter(({ payload }) => payload === n).map(({ status }) => status);
    assert.deepEqual([1, 2, 4, 5].map(statusesOf), Array(4).fill(["blocked", "ready"]));
    assert.deepEqual(statusesOf(6), []);
  });

  test("starts after that statement and no other", { timeout }, async () => {
    let sentAtStart: readonly string[] = [];
    await using place = await open("idle", () => void (sentAtStart = [...place.statements]));
    const { queue, statements, hasRun } = place;
    statements.length = 0;
    const enqueued = await queue.enqueue("q", 1);
    await hasRun(1);
    await idle(statements);
    assert.equal(enqueued.status, "ready");
    assert.ok(sentAtStart[0]!.includes("is_free"), sentAtStart[0]);
    assert.equal(sentAtStart.length, 1, sentAtStart.join("; "));
    const done = (await queue.get(enqueued.id))!;
    assert.deepEqual([done.status, done.attempts], ["completed", 1]);
    const [rows] = await sql`select (select count(*) from idle.ready)::int as ready,
      (select count(*) from idle.claims)::int as claims`;
    assert.deepEqual({ ...rows }, { ready: 0, claims: 0 });
  });

  test("all jobs of a call are taken if they have places, else none", { timeout }, async () => {
    await using place = await open("places", () => setTimeout(50), 3);
    const { queue, statements, ran, hasRun } = place;
    statements.length = 0;
    await queue.enqueue([1, 2, 3].map((n) => job("q", n)));
    assert.ok(statements.some((text) => text.includes("is_free")));
    await hasRun(3);
    await idle(statements);
    statements.length = 0;
    await queue.enqueue([4, 5, 6, 7].map((n) => job("q", n)));
    await hasRun(7);
    assert.ok(!statements.some((text) => text.includes("is_free")));
    assert.deepEqual(ran, [1, 2, 3, 4, 5, 6, 7]);
  });

  const others: Readonly<Record<string, (schema: string) => Promise<unknown>>> = {
    "is ready": (schema) => sql`select ${sql(schema)}.enqueue('q', '1')`,
    "has waited for its time": async (schema) => {
      await sql`select ${sql(schema)}.enqueue('q', '1', delay => '1 ms')`;
      await setTimeout(10);
    },
  };
  for (const [what, add] of Object.entries(others)) {
    test(`is not taken where another one ${what}`, { timeout }, async () => {
      const schema = `behind_${what.replaceAll(" ", "_")}`;
      await using place = await open(schema, undefined, 1);
      // A worker that does not hear of it: the client cannot listen.
      await add(schema);
      await place.queue.enqueue("q", 2);
      assert.ok(place.statements.some((text) => text.includes("is_free")));
      await place.hasRun(2);
      assert.deepEqual(place.ran, [1, 2]);
    });
  }

  test("is not taken while its queue is paused", { timeout }, async () => {
    await using place = await open("paused");
    const { queue, statements, ran } = place;
    for (const queueName of ["q", undefined]) {
      // Of another process: the client cannot listen.
      const other = await postgres(database.url, { schema: "paused" });
      await other.configure({ queueName, pause: { forMs: 3_600_000 } });
      const { id } = await queue.enqueue("q", 1);
      await idle(statements);
      assert.deepEqual(ran, []);
      assert.equal((await queue.get(id))?.status, "ready");
      await queue.cancel(id);
      await other.configure({ queueName, pause: null });
      await other.close();
    }
  });

  test("in a caller's transaction starts after its commit", { timeout }, async () => {
    await using place = await open("within");
    const { queue, statements, ran, hasRun } = place;
    await sql.begin(async (transaction) => {
      await queue.enqueue("q", 1, { transaction: transaction as unknown as Sql });
      await idle(statements);
      assert.deepEqual(ran, []);
    });
    await queue.enqueue("q", 2);
    await hasRun(2);
    assert.deepEqual([...ran].sort(), [1, 2]);
  });

  test("is ready again when the worker stops before its answer has come", { timeout }, async () => {
    await using place = await open("stopped");
    const { queue, worker, statements, ran } = place;
    const adding = queue.enqueue("q", 1);
    while (!statements.some((text) => text.includes("is_free"))) await Promise.resolve();
    await worker.stop();
    const { id } = await adding;
    await idle(statements);
    assert.deepEqual(ran, []);
    const { status, attempts } = (await queue.get(id))!;
    assert.deepEqual([status, attempts], ["ready", 0]);
  });

  for (const loss of ["statement", "answer"] as const) {
    test(`runs once and soon when the ${loss} is lost`, { timeout }, async () => {
      await using proxy = await openLossyProxy(database.url);
      await using queue = new JobQueue<{ q: number }>({
        store: await postgres(proxy.url, { schema: `lost_${loss}` }),
      });
      const ran: string[] = [];
      const worker = queue.worker("q", ({ id }) => void ran.push(id), { onError: () => {} });
      const run = worker.run();
      await setTimeout(300);
      const one = job("q", 1);
      const [, stored] = await Promise.all([proxy.loseNext(loss, one.id), queue.enqueue(one)]);
      assert.deepEqual([stored.id, stored.deduplicated], [one.id, false]);
      const isDone = async () => {
        while ((await queue.get(one.id))?.status !== "completed") await setTimeout(10);
      };
      await within(10_000, isDone());
      assert.deepEqual(ran, [one.id]);
      assert.equal((await queue.get(one.id))?.attempts, 1);
      await worker.stop();
      await run;
    });
  }
});
